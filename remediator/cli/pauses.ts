// `pitcrew pause` and `resume`.
import type { Config } from "../../config/config.ts";
import type { StatusView } from "../api/views.ts";
import { ask, messageOf, operatorName, Unreachable } from "./client.ts";

export async function pause(options: {
  config: Config;
  worker: string | undefined;
  forText: string;
  reason: string;
}): Promise<number> {
  const { config, worker, forText, reason } = options;
  return told(async () => {
    const answer = await ask(config.runDirectory, "POST", "/api/v1/pauses", {
      ...(worker === undefined ? {} : { worker }),
      for: forText,
      reason,
      by: operatorName(),
    });
    if (answer.status !== 201) throw new Unreachable(messageOf(answer));
    return `${worker ?? "all workers"}: automation is paused for ${forText}; pitcrew resume${worker === undefined ? "" : ` ${worker}`} ends it`;
  });
}

export async function resume({ config, worker }: { config: Config; worker: string | undefined }): Promise<number> {
  return told(async () => {
    const query = worker === undefined ? "" : `?${new URLSearchParams({ worker }).toString()}`;
    const answer = await ask(config.runDirectory, "DELETE", `/api/v1/pauses${query}`, { by: operatorName() });
    if (answer.status !== 200) throw new Unreachable(messageOf(answer));
    const { ended } = answer.body as { ended: number };
    const held = await ask(config.runDirectory, "GET", "/api/v1/status");
    const all = (held.body as StatusView).pauses.some((pause) => pause.worker === null);
    const still = all && worker !== undefined ? "; all workers are still paused: pitcrew resume ends that" : "";
    return `${ended === 0 ? "nothing was paused" : `${ended} ${ended === 1 ? "pause has" : "pauses have"} ended`}${still}`;
  });
}

async function told(action: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(`${await action()}\n`);
    return 0;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    process.stderr.write(`pitcrew: ${cause.message}\n`);
    return 1;
  }
}
