// Turns the installed npm packages into the committed assets. Run by tools/vendor.sh, never by the site.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";

const [here, root] = process.argv.slice(2);
const modules = (...parts) => join(process.cwd(), "node_modules", ...parts);
const target = (...parts) => join(root, "drain", "static", "drain", ...parts);

const LOGO =
  '<symbol id="logo" viewBox="0 0 24 24"><g fill="none" stroke="currentColor" stroke-width="2.6" ' +
  'stroke-linecap="round"><path d="M3 5h18M6.5 11h11M10 17h4"/><path d="M12 22h.01"/></g></symbol>';

function symbol(line) {
  const [name, style = "outline"] = line.split(/\s+/);
  const svg = readFileSync(modules("@tabler", "icons", "icons", style, `${name}.svg`), "utf8");
  const paths = svg
    .slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"))
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => part && !part.includes('stroke="none"'))
    .join("");
  const filled = style === "filled";
  const paint = filled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}${filled ? "-filled" : ""}" viewBox="0 0 24 24"><g ${paint}>${paths}</g></symbol>`;
}

function sprite() {
  const lines = readFileSync(join(here, "icons.txt"), "utf8").split("\n");
  const symbols = lines.filter((line) => line && !line.startsWith("#")).map(symbol);
  mkdirSync(target("icons"), { recursive: true });
  const body = [LOGO, ...symbols].join("\n");
  writeFileSync(target("icons", "sprite.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${body}\n</svg>\n`);
  copyFileSync(modules("@tabler", "icons", "LICENSE"), target("icons", "LICENSE-tabler-icons.txt"));
}

function fonts() {
  mkdirSync(target("fonts"), { recursive: true });
  for (const name of ["inter", "jetbrains-mono"]) {
    const folder = modules("@fontsource-variable", name);
    copyFileSync(join(folder, "files", `${name}-latin-wght-normal.woff2`), target("fonts", `${name}-latin.woff2`));
    copyFileSync(join(folder, "LICENSE"), target("fonts", `LICENSE-${name}.txt`));
  }
}

function charts() {
  mkdirSync(target("vendor"), { recursive: true });
  buildSync({
    entryPoints: [join(process.cwd(), "echarts-entry.mjs")],
    outfile: target("vendor", "echarts.min.js"),
    bundle: true,
    minify: true,
    format: "iife",
    globalName: "echarts",
    target: "es2020",
    legalComments: "none",
    banner: { js: "/* Apache ECharts 6.1.0 and zrender, custom build; see LICENSE-echarts.txt, NOTICE-echarts.txt */" },
  });
  copyFileSync(modules("echarts", "LICENSE"), target("vendor", "LICENSE-echarts.txt"));
  copyFileSync(modules("echarts", "NOTICE"), target("vendor", "NOTICE-echarts.txt"));
  copyFileSync(modules("zrender", "LICENSE"), target("vendor", "LICENSE-zrender.txt"));
}

function accessibility() {
  const folder = join(root, "tests", "vendor");
  mkdirSync(folder, { recursive: true });
  copyFileSync(modules("axe-core", "axe.min.js"), join(folder, "axe.min.js"));
  copyFileSync(modules("axe-core", "LICENSE"), join(folder, "LICENSE-axe-core.txt"));
}

sprite();
fonts();
charts();
accessibility();
