import { test } from "vitest";
import { bootMachine, SOURCE } from "./machine.ts";
test("try", async () => {
  const m = await bootMachine();
  const r = await m.run(`bash ${SOURCE}/systemd/install.sh`, {within: 80000});
  console.log(r.code, r.stdout, r.stderr);
  for (const line of ["systemctl status pitcrew-exporter pitcrew-remediator --no-pager", "ls -la /etc/pitcrew /run/pitcrew /var/lib/pitcrew /opt/pitcrew /opt/pitcrew/versions", "systemd-analyze verify /etc/systemd/system/pitcrew*; echo $?", "systemd-analyze security --no-pager --offline=true /etc/systemd/system/pitcrew-exporter.service | grep -v ✓", "systemd-analyze security --no-pager --offline=true /etc/systemd/system/pitcrew-remediator.service | grep -v ✓", "journalctl -u pitcrew-exporter -u pitcrew-remediator --no-pager -o cat", "pitcrew status", "du -sh /opt/pitcrew/versions/*", "bash /src/pitcrew/systemd/install.sh"]) {
    const r = await m.run(line);
    console.log("$ "+line+"\n"+r.code, r.stdout, r.stderr);
  }
});
