// Vitest's own report, closed by one line that scripts and people can rely on: `N passed, N failed, N skipped`.
import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from "vitest/node";

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export default class SummaryReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandledErrors, reason);
    const tally = tallyOf(modules, unhandledErrors.length);
    if (tally.passed + tally.failed === 0) {
      console.error("No test was run, so nothing is known.");
      tally.failed = 1;
    }
    if (tally.failed > 0) process.exitCode = 1;
    // At the very end: what is above may be long, and a log may be cut.
    for (const name of failures(modules)) console.log(`failed: ${name}`);
    console.log(summaryLine(tally));
  }
}

function failures(modules: readonly TestModule[]): string[] {
  return modules.flatMap((module) => [
    ...module.errors().map(({ message }) => `${module.relativeModuleId}: ${message.split("\n")[0]}`),
    ...[...module.children.allTests()]
      .filter((test) => test.result().state === "failed" || test.result().state === "pending")
      .map((test) => `${module.relativeModuleId} > ${test.fullName}`),
  ]);
}

export function summaryLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A test that never came to its end counts as failed, and so does each error outside of any test: in a file, a suite's hook, or nowhere. */
function tallyOf(modules: readonly TestModule[], unhandledErrors: number): Tally {
  const tally: Tally = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    tally.failed += module.errors().length;
    for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      tally[state === "pending" ? "failed" : state] += 1;
    }
  }
  return tally;
}
