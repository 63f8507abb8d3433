// The page at `/`: small, self-contained, and the only HTML of a daemon.

export interface LandingPage {
  title: string;
  description: string;
  /** Shown under the description: host, version, … */
  facts: Readonly<Record<string, string>>;
  links: readonly { href: string; text: string }[];
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem;color:#1c2330;background:#fff}
h1{margin-bottom:0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{opacity:.7}dd{margin:0}
@media(prefers-color-scheme:dark){body{color:#e5e9f0;background:#12161d}a{color:#8ab4f8}}`;

export function renderLandingPage({ title, description, facts, links }: LandingPage): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(description)}</p>
<dl>${Object.entries(facts)
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join("")}</dl>
<ul>
${links.map(({ href, text }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`).join("\n")}
</ul>
</main></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
