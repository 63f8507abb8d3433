// Every request's first stop: the pages are answered here; what else there is needs Express, which is loaded when it is first asked for.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createPages, setCommonHeaders } from "./pages.ts";
import { pathOf, refuse } from "./refuse.ts";
import type { WebAppOptions } from "./web-app.ts";
import type { Admission } from "./web-config/admission.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A daemon with routes of its own has Express ready soon after its start: its first webhook is not the one that waits.
 * @param admit undefined: everybody may ask
 */
export function createDispatcher(options: WebAppOptions, admit?: Admission): RequestListener {
  const pages = createPages(options);
  let app: Promise<Handler> | undefined;
  const loadApp = () => (app ??= import("./web-app.ts").then(({ createWebApp }) => createWebApp(options, pages)));
  if (options.routes !== undefined) void loadApp();

  const answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> = async (request, response) => {
    try {
      setCommonHeaders(response);
      await admit?.(request, response);
      const page = request.method === "GET" || request.method === "HEAD" ? pages.get(pathOf(request)) : undefined;
      if (page === undefined) {
        (await loadApp())(request, response);
        return;
      }
      await page(request, response);
    } catch (error) {
      refuse(request, response, error, options);
    }
  };
  return (request, response) => void answer(request, response);
}
