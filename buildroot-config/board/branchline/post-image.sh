#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: post-image.sh IMAGES   The disk by the Debian image's own map and its grub.cfg, with Buildroot's GRUB in the ESP.
set -eu
images=$1
board=$(cd "$(dirname "$0")" && pwd)
shared=$(cd "$board/../../../rootfs/image" && pwd)
esp=$(mktemp -d)
work=$(mktemp -d)
trap 'rm -rf "$esp" "$work"' EXIT

mkdir -p "$esp/EFI/BOOT"
cp "$images"/efi-part/EFI/BOOT/*.efi "$shared/grub/grub.cfg" "$esp/EFI/BOOT/"
"$HOST_DIR/bin/grub-editenv" "$esp/EFI/BOOT/grubenv" create
while read -r entry; do "$HOST_DIR/bin/grub-editenv" "$esp/EFI/BOOT/grubenv" set "$entry"; done <"$shared/grub/first.env"
if [ -d "$images/rpi-firmware" ]; then
    cp -R "$images"/rpi-firmware/* "$images/u-boot.bin" "$images"/*.dtb "$esp/"
    cp "$board/config.txt" "$esp/config.txt"
fi
# The map's first partition is for a BIOS: GRUB's image for one where it was built, else it stays empty.
if [ -e "$images/grub.img" ]; then cp "$images/grub.img" "$images/core.img"; else truncate -s 512 "$images/core.img"; fi

"$HOST_DIR/bin/genimage" --config "$shared/genimage.cfg" --rootpath "$esp" --tmppath "$work/tmp" \
    --inputpath "$images" --outputpath "$images"
