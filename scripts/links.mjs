// Checks the links in all Markdown files: relative files exist, anchors are headings of theirs, addresses are well-formed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** `[text](target "title")`, `[label]: target`, `<https://address>`, and attributes of HTML. */
const LINK = /\]\(\s*<?([^\s)>]*)|^\[[^\]]+\]:\s*(\S+)|<([a-z]+:[^\s>]+)>|(?:src|srcset|href)="([^"]*)"/gim;

const withoutBlocks = (text) => text.replaceAll(/^ *(```|~~~)[^]*?^ *\1/gm, "");

/** The anchors that GitHub gives the headings of a file: `like-this`, and `like-this-1` for the next of the same text. */
function anchorsOf(file) {
  const seen = new Map();
  const headings = withoutBlocks(readFileSync(file, "utf8")).matchAll(/^#{1,6} +(.*?)[ #]*$/gm);
  return Array.from(headings, ([, heading]) => {
    const text = heading.replaceAll(/!?\[([^\]]*)\]\([^)]*\)|<[^>]+>/g, "$1").toLowerCase();
    const slug = text.replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

function problem(file, link) {
  if (/^[a-z]+:/i.test(link))
    return /^(https?:\/\/|mailto:)/.test(link) && URL.canParse(link) ? "" : "is malformed";
  const [path, anchor] = link.split("#").map(decodeURIComponent);
  const target = path ? join(dirname(file), path) : file;
  if (link === "" || target.startsWith("..") || !existsSync(target)) return "does not exist";
  return anchor === undefined || anchorsOf(target).includes(anchor) ? "" : "has no such heading";
}

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { encoding: "utf8" });
for (const file of files.trim().split("\n").filter(existsSync)) {
  const text = withoutBlocks(readFileSync(file, "utf8")).replaceAll(/(`+)[^]*?\1/g, "");
  const found = Array.from(text.matchAll(LINK), (match) => match.slice(1).find((part) => part !== undefined));
  // A `srcset` has several, each with a width or a density.
  for (const part of found.flatMap((links) => links.split(", "))) {
    const [link] = part.trim().split(" ");
    const what = problem(file, link);
    if (what) console.error(`${file}: ${link} ${what}`);
    if (what) process.exitCode = 1;
  }
}
