// What boots a Debian with systemd as a virtual machine, for what a container cannot enforce: QEMU, and a disk with a kernel of its own. QEMU
// emulates the processor, so that it runs anywhere and takes its time; it is installed in a tree of the cache folder and runs there.
import { copyFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDebianTree, ensureFolder, install, must } from "./debian-tree.mjs";
import { cacheFolder } from "./place.mjs";
import { SetupError } from "./setup-error.mjs";

/** udev finds the machine's disks and ports. */
const GUEST = ["linux-image-cloud-amd64", "initramfs-tools", "udev"];
const EMULATOR = ["qemu-system-x86", "e2fsprogs"];

/**
 * The way into the machine: the second disk is an archive of files for it, and the program in it that is named here is run. The kernel takes
 * anything else first when the memory is short.
 */
const ENTRANCE = "pitcrew-test.service";
const ENTRANCE_UNIT = `[Unit]
Description=The tests' way in
BindsTo=dev-virtio\\x2dports-pitcrew.device
After=dev-virtio\\x2dports-pitcrew.device
# Whoever waits for it is told.
OnFailure=poweroff.target
[Service]
ExecStartPre=mkdir -p /src/pitcrew
ExecStartPre=tar -x -C /src/pitcrew -f /dev/vdb
ExecStart=/usr/bin/node /src/pitcrew/test/vm/entrance.mjs
OOMScoreAdjust=-1000
[Install]
WantedBy=multi-user.target
`;

/** Counts up when one of them would look different, so that no old one is taken for a good one. */
const LAYOUT = "1";
/** Of the machine's disk, in GiB; what it does not use takes no room here. */
const DISK_GIB = 4;

/**
 * @typedef {object} VirtualMachine
 * @property {string} emulator the tree that QEMU is installed in: a root to run it under
 * @property {string} images a folder with disk, vmlinuz and initrd; the disk is everybody's: write to a snapshot of it
 */

/**
 * Quick and offline once the cache holds everything. Safe to call from several processes at once.
 * @param {{cache?: string, say?: (line: string) => void}} [options]
 * @returns {Promise<VirtualMachine>}
 * @throws {SetupError}
 */
export async function ensureVirtualMachine({ cache = cacheFolder(), say = console.log } = {}) {
  if (process.getuid?.() !== 0 || process.arch !== "x64")
    throw new SetupError("The virtual machine for tests is made by root, on amd64: run them there, with sudo.");
  const tree = await ensureDebianTree(cache, say);
  const place = (/** @type {string} */ name) => join(cache, "machine", `${name}-${LAYOUT}`);
  const emulator = place("qemu");
  await ensureFolder(emulator, "a tree with QEMU (a minute, once)", cache, say, async (partial) => {
    await copy(tree, partial);
    await install(partial, EMULATOR);
  });
  // The disk holds this Node.
  const images = place(`disk-${process.version}`);
  await ensureFolder(images, "a virtual machine's disk (two minutes, once)", cache, say, async (partial) => {
    await makeImages(tree, emulator, partial);
  });
  return { emulator, images };
}

/** @param {string} tree @param {string} emulator @param {string} images */
async function makeImages(tree, emulator, images) {
  const guest = join(images, "guest");
  await copy(tree, guest);
  await install(guest, GUEST);
  copyFileSync(process.execPath, join(guest, "usr/bin/node"));
  writeFileSync(join(guest, "etc/systemd/system", ENTRANCE), ENTRANCE_UNIT);
  symlinkSync(`../${ENTRANCE}`, join(guest, "etc/systemd/system/multi-user.target.wants", ENTRANCE));
  for (const [file, prefix] of /** @type {const} */ ([
    ["vmlinuz", "vmlinuz-"],
    ["initrd", "initrd.img-"],
  ])) {
    const name = readdirSync(join(guest, "boot")).find((name) => name.startsWith(prefix));
    if (name === undefined) throw new SetupError(`Debian's kernel package left no ${prefix}… in the tree's /boot.`);
    copyFileSync(join(guest, "boot", name), join(images, file));
  }
  // By the tree's own mke2fs, which sees the folder as /mnt for as long as it runs.
  const make = 'mount --bind "$1" "$2/mnt" && exec chroot "$2" mke2fs -q -t ext4 -d /mnt/guest /mnt/disk "$3"';
  const isolated = ["--mount", "sh", "-c", make, "sh", images, emulator, `${DISK_GIB}G`];
  await must("making the disk", "unshare", isolated);
  rmSync(guest, { recursive: true });
}

/** @param {string} from @param {string} to */
function copy(from, to) {
  return must("copying the tree", "cp", ["-a", "-T", from, to]);
}
