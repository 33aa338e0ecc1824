// Who may import whom. A room imports the rooms of lower levels, itself, and what is listed here with a reason.
// `test/architecture/dependency-rules.spec.ts` shows for every kind of rule that it bites.

/** The level of each room: a folder below `src/`, or a file there. */
const LEVELS = {
  // Below everything: it must not need the product to say whether the product's records are genuine.
  verifier: -1,
  kernel: 0,
  'compliance/state': 0,
  'compliance/privacy': 0,
  'compliance/pii/recognizers': 0,
  'compliance/pii/operators': 0,
  config: 1,
  observability: 1,
  database: 1,
  redis: 1,
  jobs: 1,
  http: 1,
  health: 1,
  'feature-flags': 1,
  sessions: 2,
  auth: 2,
  'compliance/gate': 2,
  'compliance/audit': 2,
  'compliance/pii': 2,
  'compliance/policy': 2,
  'compliance/consent': 2,
  'compliance/hold': 2,
  'compliance/subjects': 2,
  'compliance/trail-retention': 2,
  'compliance/audit-exports': 2,
  'compliance/report': 2,
  'compliance/safe-mode': 2,
  safety: 2,
  'error-recovery': 2,
  llm: 3,
  prompts: 3,
  knowledge: 3,
  agents: 3,
  workflow: 4,
  chat: 4,
  delivery: 4,
  webhooks: 4,
  schedules: 4,
  bulk: 4,
  cli: 5,
  'app.module.ts': 5,
  'main.ts': 5,
};

/** What a room may import from rooms of its own level (or one file of them), and why. */
const SIBLINGS = [
  ['compliance/state', 'kernel', 'the kernel is below every other pure room'],
  ['compliance/privacy', 'kernel', 'the kernel is below every other pure room'],
  ['compliance/pii/recognizers', 'kernel', 'the kernel is below every other pure room'],
  ['compliance/pii/operators', 'kernel', 'the kernel is below every other pure room'],
  ['compliance/pii/operators', 'compliance/pii/recognizers', 'operators work on what was recognized'],
  ['compliance/privacy', 'compliance/pii/recognizers', 'redaction masks what the recognizers find'],
  ['database', 'config', 'every platform room takes its own section of the configuration'],
  ['redis', 'config', 'every platform room takes its own section of the configuration'],
  ['jobs', 'config', 'every platform room takes its own section of the configuration'],
  ['http', 'config', 'every platform room takes its own section of the configuration'],
  ['health', 'config', 'every platform room takes its own section of the configuration'],
  ['observability', 'config', 'every platform room takes its own section of the configuration'],
  ['feature-flags', 'config', 'every platform room takes its own section of the configuration'],
  ['observability', 'http/public.ts', '`/metrics` says that it is open'],
  ['health', 'http/public.ts', 'the health routes say that they are open'],
  ['health', 'database', 'readiness asks the database'],
  ['redis', 'health', 'registers its indicator'],
  ['jobs', 'health', 'registers its indicator'],
  ['jobs', 'database', 'jobs commit with the rows that ask for them'],
  ['http', 'database', 'idempotency keys commit with what they guard'],
  ['http', 'observability', 'requests are logged and measured'],
  ['http', 'health', 'draining makes the process not ready first'],
  ['sessions', 'auth', 'a session belongs to a principal'],
  ['sessions', 'compliance/consent', 'a session records the consents given with it, and shows them'],
  [
    'compliance/safe-mode',
    'auth/default-tenant.ts',
    'the tenant that administers the instance turns all of it to safe mode',
  ],
  ['compliance/audit', 'auth/default-tenant.ts', 'the tenant that administers the instance reads its log'],
  ['compliance/audit', 'auth/permissions.ts', 'to disclose what events seal takes a right of its own'],
  [
    'error-recovery',
    'auth/default-tenant.ts',
    'what breakers do is recorded for the tenant that administers the instance',
  ],
  ['sessions', 'compliance/subjects', 'what clients keep with a session may name a person'],
  ['compliance/subjects', 'compliance/consent', 'who is erased or restricted is not worked for any more'],
  ['compliance/trail-retention', 'compliance/report', 'a day is counted for reports before its records go'],
  [
    'compliance/audit-exports',
    'compliance/trail-retention/archive-file.ts',
    'the file of an export is whole or not there, as those of the archive',
  ],
  ['compliance/subjects', 'compliance/hold', 'a legal hold defers an erasure'],
  ['agents', 'llm', 'agents are the only callers of models'],
  ['delivery', 'workflow', 'a delivery is the last part of a run; the workflow knows nothing of it'],
  ['webhooks', 'workflow', 'what happens to runs is told to subscribers; the workflow knows nothing of them'],
  ['schedules', 'workflow', 'a schedule starts runs; the workflow knows nothing of it'],
  ['bulk', 'workflow', 'a batch starts runs; the workflow knows nothing of it'],
  ['main.ts', 'app.module.ts', 'the process is made of the application'],
  ['cli', 'main.ts', '`countersign serve` is the process itself'],
];

/** Rooms that everything of their own level may use. */
const SHARED = ['compliance/audit', 'compliance/pii'];

/** What says on a route who may call it: for the controllers of every room. */
const ROUTE_MARKS = '^src/auth/(require-permission|current-principal|principal|principal-request)\\.ts$';

/** The one place that opens a package. Swapping the package is then that place's work alone. */
const DOORS = {
  ai: 'llm',
  '@ai-sdk/[^/]+': 'llm',
  'pg-boss': 'jobs',
  ioredis: 'redis',
  opossum: 'error-recovery',
  '@cedar-policy/[^/]+': 'compliance/policy',
  '@openfeature/[^/]+': 'feature-flags',
  '(pino|pino-http|pino-pretty|nestjs-pino)': 'observability',
  '(prom-client|@willsoto/nestjs-prometheus)': 'observability',
  '@opentelemetry/[^/]+': 'observability',
  pg: 'database',
  nodemailer: 'delivery/channels',
  pdfmake: 'compliance/report/document',
  standardwebhooks: 'webhooks',
  'smol-toml': 'config',
  'libphonenumber-js': 'compliance/pii/recognizers',
  'ajv(-formats)?': 'workflow/definitions',
  yaml: 'workflow/definitions',
  'csv-parse': 'cli',
  'cron-parser': 'schedules/timing',
  uuid: 'kernel',
};

const SPEC = '\\.spec\\.ts$';
const PURE_ROOMS = Object.keys(LEVELS).filter((room) => LEVELS[room] === 0);

module.exports = {
  forbidden: [
    ...Object.keys(LEVELS).map(roomRule),
    {
      name: 'every-room-has-a-level',
      comment: 'A new room gets its level in .dependency-cruiser.cjs before it imports anything.',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(LEVELS).map(pathOf) },
      to: {},
    },
    {
      name: 'route-marks-are-for-controllers',
      comment: 'Rooms beside `auth` know of it only what their routes declare.',
      severity: 'error',
      from: {
        path: Object.keys(LEVELS)
          .filter((room) => LEVELS[room] === 2)
          .map(pathOf),
        pathNot: ['^src/auth/', '^src/sessions/', '\\.controller\\.ts$', SPEC],
      },
      to: { path: ROUTE_MARKS },
    },
    {
      name: 'private-files',
      comment: 'How a room stores and serves is its own: use the services that its module exports.',
      severity: 'error',
      from: { path: '^src/(compliance/[^/]+|[^/]+)/' },
      to: { path: '\\.(repository|controller)\\.ts$|/internal/', pathNot: '^src/$1/' },
    },
    {
      name: 'private-files-of-all-rooms',
      comment: 'The files beside the rooms put modules together and nothing else.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/.*(\\.(repository|controller)\\.ts$|/internal/)' },
    },
    ...Object.entries(DOORS).map(doorRule),
    {
      name: 'verifier-stands-alone',
      comment:
        'The offline verifier is one file that runs on bare Node: it reads files, hashes, and nothing else.',
      severity: 'error',
      from: { path: '^src/verifier/', pathNot: SPEC },
      to: { pathNot: ['^src/verifier/', '^(node:)?(crypto|fs|util)$'] },
    },
    {
      name: 'only-the-cli-runs-the-verifier',
      comment:
        'It is the second implementation beside the server’s: sharing code would share its mistakes. One file of the server asks it: whether an archive proves what it holds, before the records go.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/(verifier|cli)/', '^src/compliance/trail-retention/archive-check\\.ts$', SPEC],
      },
      to: { path: '^src/verifier/' },
    },
    {
      name: 'queries-live-in-repositories',
      comment: 'SQL is written in repositories, where it is found and reviewed. Types of it may travel.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/database/', '\\.repository\\.ts$', SPEC] },
      to: { path: packagePath('kysely'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-rooms-do-no-io',
      comment:
        'Pure rooms compute: no framework, no files, no network. Hashing and numbers of telephones are computing.',
      severity: 'error',
      from: { path: PURE_ROOMS.map(pathOf), pathNot: SPEC },
      to: {
        dependencyTypes: [
          'core',
          'npm',
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-no-pkg',
          'unknown',
          'undetermined',
        ],
        pathNot: ['^(node:)?(crypto|util|net)$', packagePath('uuid'), packagePath('libphonenumber-js')],
      },
    },
    {
      name: 'pure-rooms-open-no-socket',
      comment:
        '`node:net` tells the recognizer of addresses whether one is valid; nobody else needs it there.',
      severity: 'error',
      from: { path: PURE_ROOMS.map(pathOf), pathNot: [SPEC, '/ip-address\\.recognizer\\.ts$'] },
      to: { path: '^(node:)?net$' },
    },
    {
      name: 'environment-only-in-config',
      comment: 'Settings are read once, by the configuration. (`process.env` is the linter’s part.)',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/config/', SPEC] },
      to: { path: '^(node:)?process$' },
    },
    {
      name: 'no-cycles',
      comment:
        'Files that need each other are one subject, or one of them knows too much. Types may go both ways.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'product-without-tests',
      comment: 'What ships imports nothing that does not.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: ['^(test|bench|scripts)/', SPEC] },
    },
    {
      name: 'product-without-dev-dependencies',
      comment: 'What ships finds at run time only what is installed for running.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};

/** A room imports nothing of `src/` but itself, lower levels and the exceptions above. */
function roomRule(room) {
  const level = LEVELS[room];
  const lower = Object.keys(LEVELS).filter((other) => LEVELS[other] < level);
  const siblings = SIBLINGS.filter(([from]) => from === room).map(([, to]) => to);
  return {
    name: `room-${room.replace(/\.ts$/, '')}`,
    comment: `\`${room}\` is on level ${level}: it imports lower levels and the siblings listed for it.`,
    severity: 'error',
    from: {
      path: pathOf(room),
      ...(room === 'compliance/pii' && { pathNot: pathOf('compliance/pii/(recognizers|operators)') }),
    },
    to: {
      path: '^src/',
      pathNot: [
        ...[room, ...lower, ...siblings, ...(level === 2 ? SHARED : [])].map(pathOf),
        ...(level === 2 ? [ROUTE_MARKS] : []),
      ],
    },
  };
}

function doorRule([name, room]) {
  return {
    name: `door-of-${name.replace(/[^a-z-]+/g, '-').replace(/^-|-$/g, '')}`,
    comment: `Only \`${room}\` opens this package.`,
    severity: 'error',
    from: { path: '^src/', pathNot: [pathOf(room), SPEC] },
    to: { path: packagePath(name) },
  };
}

function pathOf(room) {
  return room.endsWith('.ts') ? `^src/${room.replace(/\./g, '\\.')}$` : `^src/${room}/`;
}

/** A package where it is installed, or by its name where it is not. */
function packagePath(name) {
  return `(^|node_modules/)(@types/)?${name}(/|$)`;
}
