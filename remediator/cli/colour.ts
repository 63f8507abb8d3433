// Whether text for people is coloured: on a terminal that has colours, unless NO_COLOR (no-color.org) or NODE_DISABLE_COLORS asks for none.

/** The part of `process.stdout` that is used. */
export interface Screen {
  isTTY?: boolean;
  hasColors?(): boolean;
}

export function wantsColour(screen: Screen): boolean {
  return screen.isTTY === true && screen.hasColors?.() === true;
}
