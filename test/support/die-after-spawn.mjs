// Loaded into a pitcrew by --import: it dies of SIGKILL right after it has spawned a shim, before any record can exist.
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

childProcess.spawn = new Proxy(childProcess.spawn, {
  apply(spawn, self, given) {
    const child = Reflect.apply(spawn, self, given);
    if (JSON.stringify(given).includes("shim.sh")) process.kill(process.pid, "SIGKILL");
    return child;
  },
});
syncBuiltinESMExports();
