/** How events are written for whoever collects them. */
export const STREAM_FORMATS = ['countersign', 'cloudevents', 'ocsf'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

interface Leaf {
  readonly id: string;
  readonly log: string;
  readonly type: string;
  readonly outcome: string;
  readonly code?: string;
  readonly occurredAt: string;
  readonly actor: { readonly type: string; readonly ref: string };
  readonly targets?: readonly { readonly type: string; readonly ref: string }[];
  readonly run?: { readonly id: string };
  readonly context?: { readonly requestId?: string; readonly traceId?: string };
}

/** A record with its place in the log. */
export interface StreamedRecord {
  readonly index: number;
  /** Base64. */
  readonly leafHash: string;
  readonly leaf: Buffer;
}

/** A record in the words of a format. */
export function formatRecord(record: StreamedRecord, format: StreamFormat): object {
  const leaf = JSON.parse(record.leaf.toString('utf8')) as Leaf;
  switch (format) {
    case 'countersign':
      return { index: record.index, ...leaf, leafHash: record.leafHash };
    case 'cloudevents':
      return cloudEvent(record, leaf);
    case 'ocsf':
      return ocsfActivity(record, leaf);
  }
}

/** CloudEvents 1.0, structured mode. */
function cloudEvent({ index, leafHash }: StreamedRecord, leaf: Leaf): object {
  return {
    specversion: '1.0',
    id: leaf.id,
    source: `urn:countersign:audit:${leaf.log}`,
    type: `countersign.${leaf.type}`,
    time: leaf.occurredAt,
    subject: leaf.run?.id ?? leaf.targets?.[0]?.ref ?? leaf.actor.ref,
    datacontenttype: 'application/json',
    // Places have twenty digits, so that they sort as text (extension "sequence").
    sequence: String(index).padStart(20, '0'),
    data: { ...leaf, leafHash },
  };
}

const CLASS_UID = 6003;
const OTHER_ACTIVITY = 99;
const STATUS: Readonly<Record<string, number>> = { success: 1, failure: 2, denied: 2 };
const UNKNOWN = 0;
const INFORMATIONAL = 1;
const MEDIUM = 3;

/** OCSF 1.3, API Activity. Times are milliseconds since 1970. */
function ocsfActivity({ index, leafHash }: StreamedRecord, leaf: Leaf): object {
  const resources = [
    ...(leaf.run ? [{ type: 'workflow', uid: leaf.run.id }] : []),
    ...(leaf.targets ?? []).map(({ type, ref }) => ({ type, uid: ref })),
  ];
  return {
    class_uid: CLASS_UID,
    category_uid: 6,
    activity_id: OTHER_ACTIVITY,
    activity_name: leaf.type,
    type_uid: CLASS_UID * 100 + OTHER_ACTIVITY,
    time: Date.parse(leaf.occurredAt),
    severity_id: leaf.outcome === 'denied' ? MEDIUM : INFORMATIONAL,
    status_id: STATUS[leaf.outcome] ?? UNKNOWN,
    status: leaf.outcome,
    ...(leaf.code !== undefined && { status_code: leaf.code }),
    metadata: {
      version: '1.3.0',
      uid: leaf.id,
      sequence: index,
      log_name: leaf.log,
      product: { name: 'Countersign', vendor_name: 'Countersign' },
      ...(leaf.context?.traceId !== undefined && { correlation_uid: leaf.context.traceId }),
    },
    actor: { user: { uid: leaf.actor.ref, type: leaf.actor.type } },
    api: {
      operation: leaf.type,
      ...(leaf.context?.requestId !== undefined && { request: { uid: leaf.context.requestId } }),
    },
    // No address of a person stands in the trail.
    src_endpoint: { svc_name: 'countersign' },
    ...(resources.length > 0 && { resources }),
    unmapped: { leafHash },
  };
}
