/** What the name of a log tells. */
interface LogName {
  readonly logId: string;
  readonly epoch: number;
}

/** The name a log signs under: `<instance>/audit/<log id>/<epoch>`. */
export function logOrigin(instance: string, { logId, epoch }: LogName): string {
  return `${instance}/audit/${logId}/${epoch}`;
}

/** The name of the same log in another epoch, whatever the instance is called by now. */
export function originOfEpoch(origin: string, epoch: number): string {
  return origin.replace(/\d+$/, String(epoch));
}

/** @returns undefined for what is no name of a log of ours. */
export function parseLogOrigin(origin: string): LogName | undefined {
  const [, logId, epoch] = /\/audit\/([0-9a-f-]{36})\/([1-9]\d{0,8})$/.exec(origin) ?? [];
  return logId === undefined ? undefined : { logId, epoch: Number(epoch) };
}
