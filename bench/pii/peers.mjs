import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPeers } from '../engine/install-peers.mjs';

const FOLDER = join(import.meta.dirname, 'peers');

/** The npm packages that find personal data, each as a name and a function from a text to findings. */
export async function openPeers() {
  const problem = await installPeers(FOLDER);
  if (problem) throw new Error(problem);
  return [await openRedaction(), await arcjet(), await redactPii()];
}

async function openRedaction() {
  const { OpenRedaction } = await load('openredaction');
  const engine = new OpenRedaction();
  return {
    name: `openredaction ${versionOf('openredaction')}`,
    detect: async (text) =>
      (await engine.detect(text)).detections.map(({ type, position: [start, end] }) => ({
        entity: type,
        start,
        end,
      })),
  };
}

/** Tells what it replaces in the order of the text, without offsets. */
async function arcjet() {
  const { redact } = await load('@arcjet/redact');
  const detect = async (text) => {
    const values = [];
    // It fails on some texts; what it found until then counts.
    await redact(text, { replace: (entity, value) => void values.push({ entity, value }) }).catch(
      () => undefined,
    );
    return located(text, values);
  };
  return { name: `@arcjet/redact ${versionOf('@arcjet/redact')}`, detect };
}

/** Gives a text with placeholders: what stood in their place is what lies between the pieces that stayed. */
async function redactPii() {
  const { Redactor } = await load('@redactpii/node');
  const redactor = new Redactor();
  const detect = async (text) => replaced(text, redactor.redact(text));
  return { name: `@redactpii/node ${versionOf('@redactpii/node')}`, detect };
}

function located(text, values) {
  const findings = [];
  let position = 0;
  for (const { entity, value } of values) {
    const start = text.indexOf(value, position);
    if (start < 0) continue;
    position = start + value.length;
    findings.push({ entity, start, end: position });
  }
  return findings;
}

const PLACEHOLDER =
  /(CREDIT_CARD(?:_NUMBER)?|EMAIL(?:_ADDRESS)?|PERSON_NAME|PHONE_NUMBER|US_SOCIAL_SECURITY_NUMBER|DIGITS)/;

function replaced(text, redacted) {
  const pieces = redacted.split(PLACEHOLDER);
  const findings = [];
  let position = pieces[0]?.length ?? 0;
  for (let index = 1; index < pieces.length; index += 2) {
    const next = pieces[index + 1] ?? '';
    // Up to the next piece that stayed; a few of its characters tell it well enough.
    const end = next === '' ? text.length : text.indexOf(next.slice(0, 12), position + 1);
    if (end < 0) break;
    findings.push({ entity: pieces[index], start: position, end });
    position = end + next.length;
  }
  return findings;
}

function load(name) {
  const require = createRequire(join(FOLDER, 'package.json'));
  return import(pathToFileURL(require.resolve(name)).href);
}

function versionOf(name) {
  const require = createRequire(join(FOLDER, 'package.json'));
  const entry = require.resolve(name);
  const root = entry.slice(0, entry.indexOf(name) + name.length);
  return require(join(root, 'package.json')).version;
}
