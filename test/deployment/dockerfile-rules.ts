import {
  argumentsOf,
  copiedFromContext,
  execForm,
  type Instruction,
  lastStage,
  variablesOf,
} from './dockerfile.js';

/** One rule over the instructions of the image. */
export interface DockerfileRule {
  readonly name: string;
  readonly holds: (instructions: readonly Instruction[]) => boolean;
}

export const DOCKERFILE_RULES: readonly DockerfileRule[] = [
  {
    name: 'one stage builds, another runs',
    holds: (all) =>
      argumentsOf(all, 'FROM').length === 2 && argumentsOf(lastStage(all), 'COPY').some(isFromStage),
  },
  {
    name: 'base images are named with a version',
    holds: (all) =>
      argumentsOf(all, 'FROM').every((argument) => /:\d[\w.-]*$/.test(baseImage(argument, all))),
  },
  {
    name: 'the program runs as a user with a number no base image knows',
    holds: (all) => {
      const [user = '0', group = '0'] = argumentsOf(lastStage(all), 'USER').at(-1)?.split(':') ?? [];
      return Number(user) >= 10_000 && Number(group) >= 10_000;
    },
  },
  { name: 'nothing is fetched past the package registry', holds: (all) => !all.some(isDownload) },
  {
    name: 'no package runs a script while it is installed',
    holds: (all) => installations(all).every((command) => command.includes('--ignore-scripts')),
  },
  {
    name: 'only what production needs is shipped',
    holds: (all) =>
      ['--omit=dev', '--omit=optional'].every((flag) => installations(all).at(-1)?.includes(flag)),
  },
  {
    name: 'no secret is built in',
    holds: (all) => !namesOfVariables(all).some((name) => SECRET_NAME.test(name)),
  },
  {
    name: 'only named files are copied',
    holds: (all) => copiedFromContext(all).every((source) => !/^[./*]*$|\.env|\.git$/.test(source)),
  },
  {
    name: 'the program is started without a shell, so that it receives the signals',
    holds: (all) =>
      execForm(argumentsOf(lastStage(all), 'CMD').at(-1))?.join(' ') ===
        'node --enable-source-maps --max-semi-space-size=6 dist/main.js' &&
      argumentsOf(all, 'ENTRYPOINT').length === 0,
  },
  {
    name: 'the health check asks for liveness, without a shell',
    holds: (all) => {
      const [program, , script] = execForm(argumentsOf(lastStage(all), 'HEALTHCHECK').at(-1)) ?? [];
      return program === 'node' && script?.includes('/health/live') === true;
    },
  },
  {
    name: 'the folder for data is a volume',
    holds: (all) =>
      execForm(argumentsOf(lastStage(all), 'VOLUME').at(-1))?.[0] ===
      variablesOf(all)['COUNTERSIGN_DATA_DIR'],
  },
];

const SECRET_NAME = /KEY|KEK|SECRET|TOKEN|PASSWORD|DATABASE_URL|REDIS_URL|SMTP_URL/;

function isFromStage(copy: string): boolean {
  return copy.startsWith('--from=');
}

function isDownload({ keyword, argument }: Instruction): boolean {
  return (
    keyword === 'ADD' ||
    /\b(curl|wget)\b/.test(argument) ||
    /^(COPY|RUN).*https?:/.test(`${keyword} ${argument}`)
  );
}

function installations(all: readonly Instruction[]): string[] {
  return argumentsOf(all, 'RUN').filter((command) => /\bnpm (ci|i|install|add)\b/.test(command));
}

function namesOfVariables(all: readonly Instruction[]): string[] {
  return [
    ...Object.keys(variablesOf(all)),
    ...argumentsOf(all, 'ARG').map((argument) => argument.split('=')[0] ?? ''),
  ];
}

/** The image of a FROM, with `${NAME}` replaced by the default of its ARG. */
function baseImage(from: string, all: readonly Instruction[]): string {
  const [image = ''] = from.split(' ');
  const name = /^\$\{(\w+)\}$/.exec(image)?.[1];
  if (name === undefined) return image;
  const argument = argumentsOf(all, 'ARG').find((text) => text.startsWith(`${name}=`));
  return argument?.slice(name.length + 1) ?? '';
}
