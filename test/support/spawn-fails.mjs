// Loaded into a pitcrew by --import: its first spawns of a shim fail with the codes of PITCREW_TEST_SPAWN_FAILS, as the kernel would let them:
// ENOMEM is thrown, EAGAIN is told by an event.
import childProcess from "node:child_process";
import { EventEmitter } from "node:events";
import { syncBuiltinESMExports } from "node:module";

const codes = (process.env.PITCREW_TEST_SPAWN_FAILS ?? "").split(",").filter((code) => code !== "");

childProcess.spawn = new Proxy(childProcess.spawn, {
  apply(spawn, self, given) {
    const code = JSON.stringify(given).includes("shim.sh") ? codes.shift() : undefined;
    if (code === undefined) return Reflect.apply(spawn, self, given);
    const error = Object.assign(new Error(`spawn ${code}`), { code });
    if (code === "ENOMEM") throw error;
    const child = Object.assign(new EventEmitter(), { pid: undefined, unref() {} });
    setImmediate(() => child.emit("error", error));
    return child;
  },
});
syncBuiltinESMExports();
