import type { ConfigDocument } from './config.schema.js';

export type Environment = 'development' | 'staging' | 'production' | 'test';

/** The whole configuration, checked and resolved. A module receives its own section (see `InjectConfig`). */
export interface AppConfig extends Omit<ConfigDocument, 'auth' | 'vault' | 'database' | 'audit'> {
  readonly instance: {
    readonly environment: Environment;
    /** Absolute path of the folder with TOML, workflows and prompts. */
    readonly configDir: string;
    /** Absolute path of the folder the instance writes to. */
    readonly dataDir: string;
    readonly version: string;
  };
  readonly auth: {
    readonly apiKey: string;
    /** Whether the key was made in this very start and has to be told to the operator. */
    readonly apiKeyCreated: boolean;
  };
  readonly database: ConfigDocument['database'] & {
    /** `embedded` when no URL was given. */
    readonly tier: 'server' | 'embedded';
  };
  readonly vault: {
    /** Key-encryption key, 32 bytes. */
    readonly kek: Buffer;
    /** Whether the instance has made its key itself, or is given it. */
    readonly kekSource: 'file' | 'config';
    /** Key of the present epoch, where the operator gives it; wraps the keys of subjects together with `kek`. */
    readonly epochKek?: Buffer;
    /** The one before, until nothing is wrapped with it any more. */
    readonly previousEpochKek?: Buffer;
    readonly epochDays: number;
  };
  readonly audit: Omit<ConfigDocument['audit'], 'signingKey' | 'anchorFolder' | `objectStore${string}`> & {
    /** Seeds of 32 bytes, the current one first; undefined = kept in `signingKeyFile`. */
    readonly signingKeys: readonly Buffer[] | undefined;
    /** One seed a line in base64, the current one first; made when it is first needed. */
    readonly signingKeyFile: string;
    /** Absolute path of the folder with the append-only files; undefined = none. */
    readonly anchorFolder: string | undefined;
    /** Absolute path. */
    readonly archiveFolder: string;
    /** A bucket that speaks S3; undefined = none. */
    readonly objectStore:
      | {
          /** The bucket, and a folder in it if wanted. */
          readonly url: string;
          readonly region: string;
          readonly accessKeyId: string;
          readonly secretAccessKey: string;
          /** How long the store refuses to replace or delete what was put; 0 = as the bucket says. */
          readonly lockDays: number;
        }
      | undefined;
    /** Absolute path. */
    readonly exportFolder: string;
  };
}

export type ConfigSection = keyof AppConfig;
