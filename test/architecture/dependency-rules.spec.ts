import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { afterEach, describe, expect, it } from 'vitest';

const { options, ...ruleSet } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  options: ICruiseOptions;
} & IFlattenedRuleSet;

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Names of the rules that a small tree breaks. */
async function brokenBy(files: Readonly<Record<string, string>>): Promise<string[]> {
  const baseDir = await mkdtemp(join(tmpdir(), 'countersign-rules-'));
  folders.push(baseDir);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(baseDir, path)), { recursive: true });
    await writeFile(join(baseDir, path), text);
  }
  const { tsConfig: _onlyForTheWholeTree, ...applicable } = options;
  const { output } = await cruise(['src'], { ...applicable, baseDir, validate: true, ruleSet });
  const { violations } = (output as ICruiseResult).summary;
  return [...new Set(violations.map((violation) => violation.rule.name))];
}

const THING = 'export const thing = 1;\n';

/** A tree in which one file imports another. */
function importing(from: string, to: string, statement = 'import'): Record<string, string> {
  const up = '../'.repeat(from.split('/').length - 1);
  return {
    [from]: `${statement} { thing } from '${up}${to.replace(/\.ts$/, '.js')}';\nexport const more = thing;\n`,
    [to]: THING,
  };
}

/** A file that imports a package. */
function opening(file: string, name: string): Record<string, string> {
  return { [file]: `import * as opened from '${name}';\nexport const more = opened;\n` };
}

describe('a level imports lower levels only', () => {
  it.each([
    ['room-kernel', 'src/kernel/a.ts', 'src/config/b.ts'],
    ['room-compliance/state', 'src/compliance/state/a.ts', 'src/compliance/gate/b.ts'],
    ['room-database', 'src/database/a.ts', 'src/workflow/b.ts'],
    ['room-compliance/audit', 'src/compliance/audit/a.ts', 'src/workflow/b.ts'],
    ['room-compliance/gate', 'src/compliance/gate/a.ts', 'src/agents/b.ts'],
    ['room-compliance/pii', 'src/compliance/pii/a.ts', 'src/llm/b.ts'],
    ['room-llm', 'src/llm/a.ts', 'src/workflow/b.ts'],
    ['room-workflow', 'src/workflow/a.ts', 'src/cli/b.ts'],
    ['room-main', 'src/main.ts', 'src/cli/b.ts'],
  ])('%s is broken by %s importing %s', async (rule, from, to) => {
    expect(await brokenBy(importing(from, to))).toContain(rule);
  });

  it('holds for types too', async () => {
    const files = importing('src/kernel/a.ts', 'src/config/b.ts', 'import type');
    expect(await brokenBy(files)).toContain('room-kernel');
  });

  it('holds for imports at run time', async () => {
    const files = {
      'src/kernel/a.ts': "export const later = () => import('../config/b.js');\n",
      'src/config/b.ts': THING,
    };
    expect(await brokenBy(files)).toContain('room-kernel');
  });

  it('lets a level import every lower one', async () => {
    expect(await brokenBy(importing('src/workflow/a.ts', 'src/kernel/b.ts'))).toEqual([]);
    expect(await brokenBy(importing('src/delivery/a.ts', 'src/compliance/audit/b.ts'))).toEqual([]);
  });

  it('gives no room without a level away', async () => {
    expect(await brokenBy(importing('src/billing/a.ts', 'src/kernel/b.ts'))).toContain(
      'every-room-has-a-level',
    );
  });
});

describe('rooms of one level', () => {
  it.each([
    ['room-redis', 'src/redis/a.ts', 'src/database/b.ts'],
    ['room-observability', 'src/observability/a.ts', 'src/http/paging.ts'],
    ['room-safety', 'src/safety/a.ts', 'src/compliance/consent/b.ts'],
    ['room-compliance/audit', 'src/compliance/audit/a.ts', 'src/auth/api-key.service.ts'],
    ['room-llm', 'src/llm/a.ts', 'src/agents/b.ts'],
    ['room-workflow', 'src/workflow/a.ts', 'src/delivery/b.ts'],
    ['room-delivery', 'src/delivery/a.ts', 'src/chat/b.ts'],
  ])('do not know each other: %s is broken by %s importing %s', async (rule, from, to) => {
    expect(await brokenBy(importing(from, to))).toContain(rule);
  });

  it.each([
    ['src/observability/metrics.controller.ts', 'src/http/public.ts'],
    ['src/compliance/consent/a.ts', 'src/compliance/audit/b.ts'],
    ['src/sessions/a.ts', 'src/compliance/consent/b.ts'],
    ['src/agents/a.ts', 'src/llm/b.ts'],
    ['src/compliance/audit/audit.controller.ts', 'src/auth/require-permission.ts'],
  ])('except where that is listed with a reason: %s may import %s', async (from, to) => {
    expect(await brokenBy(importing(from, to))).toEqual([]);
  });

  it('declare on their routes who may call them, and know no more of it', async () => {
    const files = importing('src/compliance/pii/pii.service.ts', 'src/auth/principal.ts');
    expect(await brokenBy(files)).toContain('route-marks-are-for-controllers');
  });
});

describe("another room's private files", () => {
  it.each(['run.repository.ts', 'workflow.controller.ts', 'internal/secret.ts'])(
    'such as %s are not imported',
    async (file) => {
      expect(await brokenBy(importing('src/delivery/a.ts', `src/workflow/${file}`))).toContain(
        'private-files',
      );
    },
  );

  it('are closed to the files beside the rooms too', async () => {
    const files = importing('src/app.module.ts', 'src/workflow/runs/run.repository.ts');
    expect(await brokenBy(files)).toContain('private-files-of-all-rooms');
  });

  it('are open to the room itself', async () => {
    expect(await brokenBy(importing('src/workflow/a.ts', 'src/workflow/runs/run.repository.ts'))).toEqual([]);
  });
});

describe('one door for each package', () => {
  it.each([
    ['door-of-ai', 'src/agents/a.ts', 'ai'],
    ['door-of-ai-sdk', 'src/agents/a.ts', '@ai-sdk/openai'],
    ['door-of-pg-boss', 'src/workflow/a.ts', 'pg-boss'],
    ['door-of-ioredis', 'src/sessions/a.ts', 'ioredis'],
    ['door-of-opossum', 'src/llm/a.ts', 'opossum'],
    ['door-of-pino-pino-http-pino-pretty-nestjs-pino', 'src/http/a.ts', 'nestjs-pino'],
    ['door-of-prom-client-willsoto-nestjs-prometheus', 'src/workflow/a.ts', 'prom-client'],
    ['door-of-pg', 'src/workflow/a.ts', 'pg'],
    ['door-of-nodemailer', 'src/workflow/a.ts', 'nodemailer'],
    ['queries-live-in-repositories', 'src/workflow/workflow.engine.ts', 'kysely'],
    ['environment-only-in-config', 'src/http/a.ts', 'node:process'],
  ])('%s is broken by %s importing %s', async (rule, file, name) => {
    expect(await brokenBy(opening(file, name))).toContain(rule);
  });

  it('stands open to its own room', async () => {
    expect(await brokenBy(opening('src/llm/a.ts', 'ai'))).not.toContain('door-of-ai');
    expect(await brokenBy(opening('src/workflow/runs/run.repository.ts', 'kysely'))).not.toContain(
      'queries-live-in-repositories',
    );
  });
});

describe('pure rooms', () => {
  it.each(['node:fs', 'node:http', 'node:timers', '@nestjs/common', 'pg'])('import no %s', async (name) => {
    expect(await brokenBy(opening('src/compliance/state/a.ts', name))).toContain('pure-rooms-do-no-io');
  });

  it('open no socket', async () => {
    expect(await brokenBy(opening('src/kernel/a.ts', 'node:net'))).toContain('pure-rooms-open-no-socket');
  });

  it('may hash', async () => {
    expect(await brokenBy(opening('src/kernel/a.ts', 'node:crypto'))).toEqual([]);
  });
});

describe('the offline verifier', () => {
  it.each([
    ['verifier-stands-alone', importing('src/verifier/a.ts', 'src/kernel/b.ts')],
    ['verifier-stands-alone', opening('src/verifier/a.ts', 'node:http')],
    ['verifier-stands-alone', opening('src/verifier/a.ts', 'uuid')],
    ['only-the-cli-runs-the-verifier', importing('src/compliance/audit/a.ts', 'src/verifier/b.ts')],
  ])('shares nothing with the product: %s', async (rule, files) => {
    expect(await brokenBy(files)).toContain(rule);
  });

  it('reads files, hashes, and is called from the command line', async () => {
    expect(await brokenBy(opening('src/verifier/a.ts', 'node:crypto'))).toEqual([]);
    expect(await brokenBy(opening('src/verifier/a.ts', 'node:fs'))).toEqual([]);
    expect(await brokenBy(importing('src/cli/a.ts', 'src/verifier/b.ts'))).toEqual([]);
  });
});

describe('cycles', () => {
  const cycle = (statement: string) => ({
    ...importing('src/kernel/a.ts', 'src/kernel/b.ts'),
    'src/kernel/b.ts': `${statement} { more } from './a.js';\nexport const thing: number = 1;\nexport type Again = typeof more;\n`,
  });

  it('of values are refused', async () => {
    expect(await brokenBy(cycle('import'))).toContain('no-cycles');
  });

  it('of types alone are no harm', async () => {
    expect(await brokenBy(cycle('import type'))).toEqual([]);
  });
});

describe('what ships', () => {
  it('imports no test code', async () => {
    const files = importing('src/kernel/a.ts', 'test/harness/b.ts');
    expect(await brokenBy(files)).toContain('product-without-tests');
    expect(await brokenBy(importing('src/kernel/a.ts', 'src/kernel/b.spec.ts'))).toContain(
      'product-without-tests',
    );
  });

  it('imports no dependency of development', async () => {
    const files = {
      'package.json': JSON.stringify({ devDependencies: { tool: '1.0.0' } }),
      'node_modules/tool/package.json': JSON.stringify({ name: 'tool', version: '1.0.0', main: 'index.js' }),
      'node_modules/tool/index.js': 'exports.tool = 1;\n',
      ...opening('src/cli/a.ts', 'tool'),
    };
    expect(await brokenBy(files)).toContain('product-without-dev-dependencies');
  });

  it('imports nothing that is not there', async () => {
    expect(await brokenBy({ 'src/kernel/a.ts': "import './gone.js';\n" })).toContain('resolvable');
  });
});
