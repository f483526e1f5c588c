# SPDX-License-Identifier: GPL-2.0-only
"""gpio-sim of the guest: its source must be the kernel's, and another one is another image."""

import pytest

from rootfs.setup.steps import SetupError
from rootfs.vm import gpio_sim, image

pytestmark = pytest.mark.unit

KERNEL = {"linux-image-6.12.9-amd64": "6.12.9-1", "linux-headers-6.12.9-amd64": "6.12.9-1"}


def test_source_of_the_kernels_version_is_taken() -> None:
    gpio_sim.check({**KERNEL, "linux-source-6.12": "6.12.9-1"})


@pytest.mark.parametrize("version", ["6.12.9-2", "6.12.8-1", "6.12.9"])
def test_source_of_another_version_is_refused_with_both(version: str) -> None:
    with pytest.raises(SetupError) as refused:
        gpio_sim.check({**KERNEL, "linux-source-6.12": version})
    assert str(refused.value) == (
        "the guest's kernel and its source are not of one version: linux-image-6.12.9-amd64 6.12.9-1, "
        f"linux-headers-6.12.9-amd64 6.12.9-1, linux-source-6.12 {version}"
    )


def test_what_the_module_is_made_of_is_in_the_images_key() -> None:
    assert {"gpio_sim.py", "Kbuild", "irq_to_desc.c", "vm.list"} <= {file.name for file in image.FILES}
