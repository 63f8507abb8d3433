import { describe, expect, test } from "vitest";
import { workerTable } from "../../../remediator/cli/worker-table.ts";
import { MIB } from "../incidents/builders.ts";
import { shown } from "./shown.ts";

const LONG = {
  worker: "gradient-boosting-trainer-of-the-night-17",
  paused: true,
  memory_bytes: 412.3 * MIB,
  memory_limit_bytes: 8192 * MIB,
  age_seconds: 3599,
  max_age_seconds: 7200,
  restarts: { memory_limit: 12, age: 3, system_memory: 1 },
};

describe("the table of workers", () => {
  test("has room for everything where there is no width: in a pipe or a file", () => {
    const [head, row] = workerTable(shown([LONG]), { colour: false });
    expect(head).toMatch(/^WORKER +STATE +MEMORY +AGE +RESTARTS$/);
    expect(row).toContain("12 memory_limit, 3 age, 1 system_memory");
    expect(row).toContain("░ 412 MiB of 8.0 GiB");
  });

  test.each([80, 100, 120])(
    "fits %i columns, and says at least name, state, memory, age and how many restarts",
    (width) => {
      const lines = workerTable(shown([LONG, {}]), { colour: false, width });
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      for (const part of ["gradient", "up, paused", "412 MiB of 8.0 GiB", "59m59s of 2h00m"])
        expect(lines[1]).toContain(part);
      expect(lines[1]).toMatch(/ (16|12 memory_limit, .*)$/);
    },
  );

  test("gives up no more than it has to", () => {
    const [, row] = workerTable(shown([{ restarts: { age: 2 } }]), { colour: false, width: 80 });
    expect(row).toMatch(/█████░░░░░ 50.0 MiB of 100 MiB .* 2 age$/);
  });

  test("is coloured only where colours are wanted", () => {
    expect(workerTable(shown(), { colour: false }).join("")).not.toContain("\u001b[");
    expect(workerTable(shown(), { colour: true }).join("")).toContain("\u001b[");
  });
});
