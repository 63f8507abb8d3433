// A missing prerequisite fails, and says what it needs.
if (process.geteuid?.() !== 0)
  throw new Error("these tests mount disks and make namespaces: run `npm run test:root` as root");
