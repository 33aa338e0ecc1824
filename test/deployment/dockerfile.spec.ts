import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import {
  argumentsOf,
  copiedFromContext,
  execForm,
  lastStage,
  parseDockerfile,
  variablesOf,
} from './dockerfile.js';
import { DOCKERFILE_RULES } from './dockerfile-rules.js';
import { REPOSITORY } from './render.js';

const text = read('Dockerfile');
const instructions = parseDockerfile(text);

describe('the image', () => {
  it.each(DOCKERFILE_RULES)('$name', ({ holds }) => {
    expect(holds(instructions)).toBe(true);
  });

  it.each<[rule: string, search: string | RegExp, replacement: string]>([
    ['one stage builds, another runs', /^FROM .* AS runtime$/m, 'RUN true'],
    ['base images are named with a version', 'node:24-bookworm-slim', 'node:latest'],
    ['base images are named with a version', 'node:24-bookworm-slim', 'node'],
    ['the program runs as a user with a number no base image knows', /^USER .*$/m, 'USER node'],
    ['the program runs as a user with a number no base image knows', /^USER .*$/m, 'USER 1000:1000'],
    ['the program runs as a user with a number no base image knows', /^USER .*$/m, ''],
    ['nothing is fetched past the package registry', /^EXPOSE .*$/m, 'ADD https://example.com/tool /tool'],
    [
      'nothing is fetched past the package registry',
      /^EXPOSE .*$/m,
      'RUN curl -o /tool https://example.com/tool',
    ],
    ['no package runs a script while it is installed', ' --ignore-scripts', ''],
    ['only what production needs is shipped', '--omit=dev ', ''],
    ['no secret is built in', /^EXPOSE .*$/m, 'ENV COUNTERSIGN_API_KEY=x'],
    ['no secret is built in', /^EXPOSE .*$/m, 'ARG NPM_TOKEN'],
    ['only named files are copied', 'COPY config ./config', 'COPY . .'],
    [
      'the program is started without a shell, so that it receives the signals',
      /^CMD .*$/m,
      'CMD node dist/main.js',
    ],
    ['the health check asks for liveness, without a shell', '/health/live', '/health/ready'],
    ['the folder for data is a volume', /^VOLUME .*$/m, ''],
  ])('breaks "%s" when %s becomes "%s"', (rule, search, replacement) => {
    const broken = parseDockerfile(text.replace(search, replacement));
    const names = DOCKERFILE_RULES.filter(({ holds }) => !holds(broken)).map(({ name }) => name);
    expect(names).toContain(rule);
  });

  it('copies only what is there and what the ignore file lets through', () => {
    const allowed = read('.dockerignore').split('\n');
    expect(allowed).toContain('*');
    const sources = copiedFromContext(instructions);
    expect(sources).toContain('src');
    expect(sources.filter((source) => !existsSync(join(REPOSITORY, source)))).toEqual([]);
    expect(sources.filter((source) => !allowed.includes(`!${source}`))).toEqual([]);
  });

  it('sets only variables the program knows', () => {
    const secrets = {
      COUNTERSIGN_API_KEY: `cs_test_${'0'.repeat(32)}`,
      COUNTERSIGN__VAULT__KEK: Buffer.alloc(32).toString('base64'),
      COUNTERSIGN__AUDIT__SIGNING_KEY: Buffer.alloc(32).toString('base64'),
    };
    const variables = { ...variablesOf(instructions), ...secrets };
    const config = loadConfig(variables);
    expect(config.instance.environment).toBe('production');
    expect(argumentsOf(instructions, 'EXPOSE')).toEqual([String(config.server.port)]);
    expect(() => loadConfig({ ...variables, COUNTERSIGN_DATADIR: '/data' })).toThrow(ConfigError);
  });

  it('says the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(argumentsOf(lastStage(instructions), 'LABEL').join(' ')).toContain(
      `org.opencontainers.image.version="${version}"`,
    );
  });

  it('loses nothing it needs by leaving optional packages out', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
    const ours = Object.keys(packages['']?.optionalDependencies ?? {});
    const optional = Object.entries(packages)
      .filter(([, { optional: isOptional, dev }]) => isOptional === true && dev !== true)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    // pg asks for this one on Cloudflare Workers only.
    expect(optional.filter((name) => !ours.includes(name))).toEqual(['pg-cloudflare']);
  });
});

describe('the health check of the image', () => {
  let server: Server | undefined;

  afterEach(async () => {
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    server = undefined;
  });

  it.each([
    [200, 0],
    [503, 1],
  ])('an answer of %i ends it with %i', async (status, exitCode) => {
    const asked: (string | undefined)[] = [];
    server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { connection: 'close' }).end();
    });
    expect(await runHealthCheck(await listen(server))).toBe(exitCode);
    expect(asked).toEqual(['/health/live']);
  });

  it('fails when nothing listens', async () => {
    const gone = createServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    expect(await runHealthCheck(port)).toBe(1);
  });
});

interface LockedPackage {
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function read(file: string): string {
  return readFileSync(join(REPOSITORY, file), 'utf8');
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Runs what HEALTHCHECK says, on this machine's Node, and gives its exit code. */
function runHealthCheck(port: number): Promise<number> {
  const [, ...words] = execForm(argumentsOf(instructions, 'HEALTHCHECK')[0]) ?? [];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, words, { env: { PORT: String(port) } });
    child.on('exit', (code) => resolve(code ?? -1));
  });
}
