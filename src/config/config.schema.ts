import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
/** Environment variables arrive as text, TOML as booleans: both are meant. */
const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean(),
);
/** A list in TOML, a text with commas in the environment. */
const list = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((item) => item.trim())
          .filter(Boolean)
      : value,
  z.array(z.string()),
);
/** Whole numbers, in the order they stand in. */
const wholeList = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value),
    z.array(whole(least, most)).min(1).max(50),
  );
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === '' ? undefined : text));
const urlOf = (...schemes: string[]) =>
  optionalText.refine(
    (text) => text === undefined || schemes.some((scheme) => text.startsWith(`${scheme}://`)),
    {
      message: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    },
  );
/** Several keys stand in one text, the current one first. */
export const signingSeeds = (text: string): Buffer[] =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((seed) => Buffer.from(seed, 'base64'));

const optionalKey = optionalText.refine(
  (text) => text === undefined || Buffer.from(text, 'base64').length === 32,
  { message: 'must be 32 bytes in base64' },
);

/**
 * Every configuration key with its type, range and default. Keys stand in TOML files as snake_case
 * (`[llm] base_url`) and in the environment as `COUNTERSIGN__LLM__BASE_URL`.
 */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: port.default(3000).describe('TCP port; 0 picks a free one.'),
      role: z
        .enum(['all', 'api', 'worker'])
        .default('all')
        .describe('What this process does: serve HTTP, drive runs, or both.'),
      bodyLimitBytes: whole(1_024, 268_435_456)
        .default(16_777_216)
        .describe('Largest accepted request body in bytes.'),
      drainTimeoutMs: milliseconds(0, 600_000)
        .default(20_000)
        .describe('How long shutdown waits for running jobs before it hands them back.'),
      trustProxy: flag
        .default(false)
        .describe('Whether X-Forwarded-* of the peer are believed; only behind a proxy of your own.'),
      maxEventStreams: whole(1, 100_000)
        .default(5_000)
        .describe('Event streams one process keeps open at once; one more is answered 503.'),
      eventStreamMinutes: whole(1, 1_440)
        .default(60)
        .describe(
          'Age at which an event stream is ended with the request to come back, so that a revoked key ends its streams too.',
        ),
      corsOrigins: list.default([]).describe('Browser origins that may call the API; none by default.'),
    })
    .prefault({}),
  auth: z
    .strictObject({
      apiKey: optionalText
        .refine((key) => key === undefined || /^cs_[a-z0-9]+_[A-Za-z0-9_-]{16,}$/.test(key), {
          message: 'must look like cs_<env>_<at least 16 characters>',
        })
        .describe(
          'Admin key of the default tenant; absent = created on first start and kept under the data directory.',
        ),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      idleTimeoutHours: z.coerce
        .number()
        .min(0.001)
        .max(8_760)
        .default(24)
        .describe('A session not used for this long expires.'),
      maxAgeHours: z.coerce
        .number()
        .min(0.001)
        .max(8_760)
        .default(168)
        .describe('A session expires at this age, used or not.'),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: urlOf('postgres', 'postgresql').describe(
        'Absent = the embedded Postgres under the data directory.',
      ),
      poolSize: whole(2, 200).default(10).describe('Connections of one process.'),
      statementTimeoutMs: milliseconds(100, 3_600_000)
        .default(30_000)
        .describe('A statement that takes longer is given up.'),
      connectTimeoutMs: milliseconds(100, 120_000)
        .default(10_000)
        .describe('How long a connection may take to open.'),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: urlOf('redis', 'rediss').describe('Absent = in-process implementations.'),
      keyPrefix: z
        .string()
        .max(64)
        .default('countersign:')
        .describe('Stands before every key and channel, so that several products can share a server.'),
    })
    .prefault({}),
  jobs: z
    .strictObject({
      concurrency: whole(1, 4_096)
        .default(512)
        .describe('Runs driven at once by one process; while they wait for a model they cost memory only.'),
      tenantShare: z.coerce
        .number()
        .min(0.01)
        .max(1)
        .default(0.75)
        .describe('Share of these that one tenant may have; the rest stays free for the others.'),
      tenantConcurrency: whole(1, 1_000_000)
        .optional()
        .describe('Runs of one tenant driven at once by all processes together; absent = no limit.'),
      heartbeatSeconds: whole(10, 600)
        .default(10)
        .describe(
          'A job whose process has not been heard of for this long is given to another (at least 10).',
        ),
      superviseIntervalSeconds: whole(1, 60).default(1).describe('How often lost jobs are looked for.'),
      pollingIntervalSeconds: z.coerce
        .number()
        .min(0.5)
        .max(60)
        .default(1)
        .describe('Polling beside LISTEN/NOTIFY: the floor when notifications do not come through.'),
      poolSize: whole(2, 50).default(4).describe('Connections of one process for jobs.'),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe('The least severe lines that are written.'),
      pretty: flag.default(false).describe('Human-readable lines instead of JSON.'),
    })
    .prefault({}),
  llm: z
    .strictObject({
      provider: z
        .enum(['simulation', 'openai', 'anthropic', 'google', 'openai-compatible'])
        .default('simulation')
        .describe('Who answers the agents; `simulation` needs no network and always gives the same answers.'),
      baseUrl: urlOf('http', 'https').describe(
        "Base URL of the provider; absent = the provider's own. Required for openai-compatible.",
      ),
      model: optionalText.describe('Name of the model; required for openai-compatible.'),
      apiKey: optionalText.describe(
        'Key of the provider in use; goes before the keys named after providers.',
      ),
      timeoutMs: milliseconds(100, 600_000).default(30_000).describe('How long a model may take to answer.'),
      maxOutputTokens: whole(16, 200_000).default(4_096).describe('Longest answer of a model.'),
      inputPricePerMillion: z.coerce
        .number()
        .min(0)
        .max(10_000)
        .default(0)
        .describe('USD per million input tokens, for cost accounting.'),
      outputPricePerMillion: z.coerce
        .number()
        .min(0)
        .max(10_000)
        .default(0)
        .describe('USD per million output tokens, for cost accounting.'),
      openaiApiKey: optionalText.describe('Key of OpenAI.'),
      anthropicApiKey: optionalText.describe('Key of Anthropic.'),
      googleApiKey: optionalText.describe('Key of Google.'),
    })
    .prefault({}),
  errorRecovery: z
    .strictObject({
      failureThreshold: whole(1, 1_000).default(5).describe('Calls in the window before a breaker may open.'),
      failureRatePercent: whole(1, 100)
        .default(50)
        .describe('Share of failed calls in the window at which a breaker opens.'),
      windowMs: milliseconds(1_000, 3_600_000)
        .default(60_000)
        .describe('Length of the sliding window of a breaker.'),
      openMs: milliseconds(10, 3_600_000)
        .default(60_000)
        .describe('How long an open breaker stays open before it tries again.'),
      maxAttempts: whole(1, 10).default(3).describe('Attempts of one call, the first included.'),
      retryBaseMs: milliseconds(0, 60_000)
        .default(250)
        .describe('Pause before the second attempt; it doubles from there.'),
      retryMaxMs: milliseconds(0, 600_000).default(4_000).describe('Longest pause between attempts.'),
      slowCallMs: milliseconds(1, 600_000)
        .default(10_000)
        .describe('A call at least this long counts as slow.'),
    })
    .prefault({}),
  workflow: z
    .strictObject({
      definitions: z
        .string()
        .default('workflows')
        .describe('Folder of the built-in definitions, relative to the configuration folder.'),
      fourEyes: flag.default(true).describe('Whether the requester of a run is barred from approving it.'),
      approvalExpiryHours: z.coerce
        .number()
        .min(0.001)
        .max(8_760)
        .default(168)
        .describe('An approval not given within this time counts as rejected.'),
      fanOutConcurrency: whole(1, 64)
        .default(8)
        .describe('Agent calls of one fan-out step that may be under way at once.'),
      fanOutBatch: whole(1, 500)
        .default(25)
        .describe('Items of a fan-out that are under way or not yet committed: what a crash can cost.'),
      orphanSweepSeconds: whole(1, 86_400)
        .default(60)
        .describe('How often runs without a job are looked for, and how long they must have stood still.'),
      idempotencyHours: z.coerce
        .number()
        .min(0.01)
        .max(8_760)
        .default(24)
        .describe('How long an answer is kept for the same `Idempotency-Key`.'),
    })
    .prefault({}),
  compliance: z
    .strictObject({
      safeMode: flag
        .default(false)
        .describe(
          'Whether no model, delivery or webhook outside is called, whatever the switch of the API says.',
        ),
    })
    .prefault({}),
  delivery: z
    .strictObject({
      smtpUrl: urlOf('smtp', 'smtps').describe('Mail server of the channel `smtp`.'),
      concurrency: whole(1, 64).default(8).describe('Messages under way at once per run.'),
      concurrentRuns: whole(1, 64).default(2).describe('Runs whose messages one process hands over at once.'),
      timeoutMs: milliseconds(100, 600_000)
        .default(30_000)
        .describe('How long the hand-over of one message may take.'),
      maxAttempts: whole(1, 10).default(3).describe('Attempts of a hand-over that certainly did not happen.'),
      retryBaseMs: milliseconds(1, 600_000)
        .default(1_000)
        .describe('Pause before the second attempt; it doubles from there.'),
      webhookAllowPrivate: flag
        .default(false)
        .describe('Whether webhooks may go to private and loopback addresses.'),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      maxEndpoints: whole(0, 10_000).default(50).describe('Webhook endpoints that one tenant may have.'),
      timeoutMs: milliseconds(100, 120_000)
        .default(15_000)
        .describe('How long a receiver may take to answer.'),
      retryDelaysSeconds: wholeList(0, 604_800)
        .default([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400])
        .describe(
          'Pauses after the first attempt, which is made at once; each varies by a tenth either way.',
        ),
      disableAfterHours: z.coerce
        .number()
        .min(0.001)
        .max(8_760)
        .default(120)
        .describe('An endpoint at which every attempt has failed for this long is disabled.'),
      concurrentEndpoints: whole(1, 64).default(4).describe('Endpoints that one process serves at once.'),
      endpointConcurrency: whole(1, 64)
        .default(4)
        .describe('Requests under way at once to one endpoint; those about one run go one after the other.'),
      pollMs: milliseconds(50, 60_000).default(500).describe('How often new events are looked for.'),
      retentionDays: whole(1, 3_650).default(30).describe('How long messages and their deliveries are kept.'),
      allowHttp: flag.default(false).describe('Whether endpoints may have `http://` addresses.'),
      allowPrivateAddresses: flag
        .default(false)
        .describe('Whether endpoints may have private, loopback and link-local addresses.'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      finishedRunsDays: whole(0, 36_500)
        .default(90)
        .describe(
          'Days from the end of a run until it is removed, where a tenant has no policy of its own; 0 keeps runs for ever.',
        ),
      archive: z
        .enum(['none', 'file'])
        .default('none')
        .describe(
          '`file`: a run is written to a file under `archive` in the data directory before it is removed.',
        ),
      intervalMinutes: z.coerce
        .number()
        .min(0.01)
        .max(1_440)
        .default(60)
        .describe('How often runs that are due are looked for.'),
      batchSize: whole(1, 1_000).default(200).describe('Runs removed in one transaction.'),
      pauseMs: milliseconds(0, 60_000)
        .default(250)
        .describe('Pause after each batch, so that running work comes first.'),
    })
    .prefault({}),
  policies: z
    .strictObject({
      fourEyes: flag
        .default(false)
        .describe('Whether whoever wrote a version of the policies is barred from activating it.'),
    })
    .prefault({}),
  schedules: z
    .strictObject({
      maxPerTenant: whole(0, 100_000).default(100).describe('Schedules that one tenant may have.'),
      minIntervalSeconds: whole(60, 86_400)
        .default(60)
        .describe('Shortest time that a schedule may leave between two of its fires.'),
      maxBackfill: whole(1, 10_000).default(1_000).describe('Fire times that one backfill may cover.'),
      concurrency: whole(1, 64).default(2).describe('Schedules fired at once by one process.'),
      sweepIntervalSeconds: whole(1, 3_600)
        .default(30)
        .describe(
          'How often schedules are looked for that were not woken, or whose queued fire may start by now.',
        ),
    })
    .prefault({}),
  bulk: z
    .strictObject({
      maxRows: whole(1, 1_000_000).default(100_000).describe('Most rows of one upload.'),
      maxRowBytes: whole(256, 16_777_216)
        .default(262_144)
        .describe('Largest row of an upload in bytes; a larger one fails, the others go on.'),
      maxBytes: whole(1_024, 17_179_869_184)
        .default(536_870_912)
        .describe('Largest upload in bytes, after decompression.'),
      concurrency: whole(1, 64)
        .default(4)
        .describe('Rows of one batch that are started at once; each takes a database connection.'),
      concurrentBatches: whole(1, 16).default(2).describe('Batches that one process works on at once.'),
      maxInFlight: whole(1, 100_000)
        .default(1_000)
        .describe(
          'Runs of one batch that may be queued or driven at once; those that wait for people do not count.',
        ),
    })
    .prefault({}),
  audit: z
    .strictObject({
      instanceName: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/, { message: 'must be a name like audit.example.com' })
        .default('countersign')
        .describe('Stands first in the name of every log; take a host name of yours.'),
      signingKey: optionalText
        .refine((text) => text === undefined || signingSeeds(text).every(({ length }) => length === 32), {
          message: 'must be 32 bytes in base64; two of them with a comma between while keys change',
        })
        .describe(
          'Ed25519 key of checkpoints: 32 bytes in base64, then the key before it while both sign. Absent = created under the data directory (not in production).',
        ),
      maxSealDelayMs: milliseconds(1_000, 86_400_000)
        .default(60_000)
        .describe('Nothing may be changed any more while events have waited for the log this long.'),
      checkpointIntervalMs: milliseconds(10, 3_600_000)
        .default(1_000)
        .describe('Shortest time between two checkpoints of a log.'),
      cosignMinutes: z.coerce
        .number()
        .min(0.001)
        .max(1_440)
        .default(15)
        .describe('How often the newest checkpoint of an idle log is signed again, with the time.'),
      anchorFolder: z
        .string()
        .default('anchor')
        .describe(
          'Folder of the append-only files with all checkpoints, relative to the data directory; best on another volume. Empty = none.',
        ),
      archiveFolder: z
        .string()
        .min(1)
        .default('audit-archive')
        .describe(
          'Folder of the files to which days of the trail are exported before records of them go, relative to the data directory. Several processes need a common one.',
        ),
      exportFolder: z
        .string()
        .min(1)
        .default('exports')
        .describe(
          'Folder of the files of exports made in the background, relative to the data directory. Several processes need a common one.',
        ),
      exportHours: whole(1, 720).default(24).describe('How long the file of an export can be fetched.'),
      retentionIntervalMinutes: whole(1, 10_080)
        .default(360)
        .describe('How often records whose time is over are looked for.'),
      selfCheckHour: whole(0, 23)
        .default(3)
        .describe('Hour of the day, UTC, from which on every log is checked once a day.'),
      wholeCheckDays: whole(1, 365)
        .default(7)
        .describe('How often all of a log is read, and not only what came since the check before.'),
      witnesses: list
        .default([])
        .refine(
          (all) =>
            all.every((each) => /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2} https?:\/\/\S+$/.test(each)),
          {
            message: 'must each be the key of a witness, a space and its address: name+id+key https://…',
          },
        )
        .describe(
          'Witnesses that cosign checkpoints (C2SP tlog-witness): key, space, submission prefix. Only these addresses are asked.',
        ),
      witnessQuorum: whole(1, 100)
        .optional()
        .describe('How many of the witnesses a verifier should ask for. Absent = all.'),
      witnessedLogs: z
        .enum(['all', 'instance'])
        .default('all')
        .describe('Which checkpoints witnesses see: those of all logs, or only of the log of the instance.'),
      objectStoreUrl: urlOf('https', 'http').describe(
        'Bucket (and folder) that speaks S3, for the newest checkpoint of each log every minute: `https://bucket.s3.eu-central-1.amazonaws.com/countersign`. Absent = none.',
      ),
      objectStoreRegion: z
        .string()
        .min(1)
        .default('us-east-1')
        .describe('Region that requests are signed for.'),
      objectStoreKeyId: optionalText.describe('Access key id for the bucket.'),
      objectStoreSecret: optionalText.describe('Secret access key for the bucket.'),
      objectStoreLockDays: whole(0, 36_500)
        .default(0)
        .describe(
          'How long the bucket refuses to replace or delete a checkpoint (Object Lock, compliance mode). 0 = as the bucket says.',
        ),
      requiredAnchors: list
        .default([])
        .describe(
          'Anchors without which nothing is sealed: `file`, `object-store`, `witness` (its quorum), the name of a witness.',
        ),
    })
    .prefault({}),
  privacy: z
    .strictObject({
      controllerName: optionalText.describe(
        'Who answers for the processing: stands in the records of processing (GDPR Art. 30).',
      ),
      controllerContact: optionalText.describe('How to reach whoever answers for it.'),
      dataProtectionOfficer: optionalText.describe('The data protection officer, and how to reach them.'),
    })
    .prefault({}),
  vault: z
    .strictObject({
      kek: optionalKey.describe(
        'Key-encryption key: 32 bytes in base64. Absent = created under the data directory (not in production).',
      ),
      epochKek: optionalKey.describe(
        'Key of the present epoch, where `kek` is given: 32 bytes in base64. With `kek` it wraps the keys of data subjects.',
      ),
      previousEpochKek: optionalKey.describe('Key of the epoch before, until everything is wrapped anew.'),
      epochDays: whole(1, 3_650)
        .default(30)
        .describe(
          'How long a key of an epoch lives that the instance has made itself. Copies of the database made before its end can be opened with it.',
        ),
    })
    .prefault({}),
});

/** The configuration as the schema gives it, before secrets and paths are resolved. */
export type ConfigDocument = z.output<typeof configSchema>;
