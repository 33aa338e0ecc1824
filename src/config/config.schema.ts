import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
/** Environment variables arrive as text, TOML as booleans: both are meant. */
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === undefined || text === '' ? undefined : text));
const urlOf = (...schemes: string[]) =>
  optionalText.refine((text) => text === undefined || schemes.some((scheme) => text.startsWith(`${scheme}://`)), {
    message: `must be a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });

/**
 * Every configuration key with its type, range and default. Keys stand in TOML files as snake_case
 * (`[llm] base_url`) and in the environment as `COUNTERSIGN__LLM__BASE_URL`.
 */
export const configSchema = z.strictObject({
  server: z
    .strictObject({
      /** Address to listen on. */
      host: z.string().default('127.0.0.1'),
      /** TCP port; 0 picks a free one. */
      port: port.default(3000),
      /** What this process does: serve HTTP, drive runs, or both. */
      role: z.enum(['all', 'api', 'worker']).default('all'),
      /** Largest accepted request body in bytes. */
      bodyLimitBytes: whole(1_024, 268_435_456).default(16_777_216),
      /** How long shutdown waits for running jobs before it hands them back. */
      drainTimeoutMs: milliseconds(0, 600_000).default(20_000),
      /** Whether X-Forwarded-* of the peer are believed; only behind a proxy of your own. */
      trustProxy: flag.default(false),
      /** Browser origins that may call the API; none by default. */
      corsOrigins: z.array(z.string()).default([]),
    })
    .prefault({}),
  auth: z
    .strictObject({
      /** Admin key of the default tenant; absent = created on first start and kept under the data directory. */
      apiKey: optionalText.refine((key) => key === undefined || /^cs_[a-z0-9]+_[A-Za-z0-9_-]{16,}$/.test(key), {
        message: 'must look like cs_<env>_<at least 16 characters>',
      }),
    })
    .prefault({}),
  sessions: z
    .strictObject({
      idleTimeoutHours: z.coerce.number().min(0.001).max(8_760).default(24),
      maxAgeHours: z.coerce.number().min(0.001).max(8_760).default(168),
    })
    .prefault({}),
  database: z
    .strictObject({
      /** Absent = the embedded Postgres under the data directory. */
      url: urlOf('postgres', 'postgresql'),
      poolSize: whole(2, 200).default(10),
      statementTimeoutMs: milliseconds(100, 3_600_000).default(30_000),
      connectTimeoutMs: milliseconds(100, 120_000).default(10_000),
    })
    .prefault({}),
  redis: z
    .strictObject({
      /** Absent = in-process implementations. */
      url: urlOf('redis', 'rediss'),
      keyPrefix: z.string().max(64).default('countersign:'),
    })
    .prefault({}),
  jobs: z
    .strictObject({
      /** Runs driven at once by one process. */
      concurrency: whole(1, 512).default(16),
      /** A job whose process has not been heard of for this long is given to another (at least 10). */
      heartbeatSeconds: whole(10, 600).default(10),
      /** How often lost jobs are looked for. */
      superviseIntervalSeconds: whole(1, 60).default(1),
      /** Polling beside LISTEN/NOTIFY: the floor when notifications do not come through. */
      pollingIntervalSeconds: z.coerce.number().min(0.5).max(60).default(2),
      poolSize: whole(2, 50).default(4),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
      /** Human-readable lines instead of JSON. */
      pretty: flag.default(false),
    })
    .prefault({}),
  llm: z
    .strictObject({
      provider: z.enum(['simulation', 'openai', 'anthropic', 'google', 'openai-compatible']).default('simulation'),
      /** Base URL of the provider; absent = the provider's own. Required for openai-compatible. */
      baseUrl: urlOf('http', 'https'),
      model: optionalText,
      apiKey: optionalText,
      timeoutMs: milliseconds(100, 600_000).default(30_000),
      maxOutputTokens: whole(16, 200_000).default(4_096),
      /** USD per million tokens, for cost accounting. */
      inputPricePerMillion: z.coerce.number().min(0).max(10_000).default(0),
      outputPricePerMillion: z.coerce.number().min(0).max(10_000).default(0),
      openaiApiKey: optionalText,
      anthropicApiKey: optionalText,
      googleApiKey: optionalText,
    })
    .prefault({}),
  errorRecovery: z
    .strictObject({
      /** Calls in the window before a breaker may open. */
      failureThreshold: whole(1, 1_000).default(5),
      failureRatePercent: whole(1, 100).default(50),
      windowMs: milliseconds(1_000, 3_600_000).default(60_000),
      openMs: milliseconds(10, 3_600_000).default(60_000),
      /** Attempts of one call, the first included. */
      maxAttempts: whole(1, 10).default(3),
      retryBaseMs: milliseconds(0, 60_000).default(250),
      retryMaxMs: milliseconds(0, 600_000).default(4_000),
      /** A call at least this long counts as slow. */
      slowCallMs: milliseconds(1, 600_000).default(10_000),
    })
    .prefault({}),
  workflow: z
    .strictObject({
      /** Folder of the built-in definitions, relative to the configuration folder. */
      definitions: z.string().default('workflows'),
      /** Whether the requester of a run is barred from approving it. */
      fourEyes: flag.default(true),
      /** An approval not given within this time counts as rejected. */
      approvalExpiryHours: z.coerce.number().min(0.001).max(8_760).default(168),
      /** Agent calls of one fan-out step that may be under way at once. */
      fanOutConcurrency: whole(1, 64).default(8),
      /** Items of a fan-out that are committed together. */
      fanOutBatch: whole(1, 500).default(25),
      idempotencyHours: z.coerce.number().min(0.01).max(8_760).default(24),
    })
    .prefault({}),
  delivery: z
    .strictObject({
      smtpUrl: urlOf('smtp', 'smtps'),
      /** Messages under way at once per run. */
      concurrency: whole(1, 64).default(8),
      timeoutMs: milliseconds(100, 600_000).default(30_000),
      /** Attempts of a hand-over that certainly did not happen. */
      maxAttempts: whole(1, 10).default(3),
      retryBaseMs: milliseconds(1, 600_000).default(1_000),
      /** Whether webhooks may go to private and loopback addresses. */
      webhookAllowPrivate: flag.default(false),
    })
    .prefault({}),
  vault: z
    .strictObject({
      /** Key-encryption key: 32 bytes in base64. Absent = created under the data directory (not in production). */
      kek: optionalText.refine((text) => text === undefined || Buffer.from(text, 'base64').length === 32, {
        message: 'must be 32 bytes in base64',
      }),
    })
    .prefault({}),
});

/** The configuration as the schema gives it, before secrets and paths are resolved. */
export type ConfigDocument = z.output<typeof configSchema>;
