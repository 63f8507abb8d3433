// Deadlines and cooldowns run on the monotonic clock, which steps of the wall clock do not touch; people read the wall clock.

export interface Stamp {
  /** CLOCK_MONOTONIC in seconds: the same for all processes of one boot. */
  mono: number;
  /** Unix seconds. */
  wall: number;
}

export type Clock = () => Stamp;

export const systemClock: Clock = () => ({
  mono: Number(process.hrtime.bigint()) / 1e9,
  wall: Date.now() / 1000,
});

/**
 * A stamp of a former boot on this boot's monotonic scale. The distance is then only known by the wall clock,
 * and is never negative: a clock that stepped back makes it "just now".
 */
export function rebase(stamp: Stamp, now: Stamp): Stamp {
  return { mono: now.mono - Math.max(0, now.wall - stamp.wall), wall: stamp.wall };
}
