interface RetentionClassRule {
  /** The shortest time, in days, that a policy may set: a shorter one is refused. */
  readonly floorDays: number;
  /** How long, in days, where no policy says otherwise. */
  readonly defaultDays: number;
  readonly meaning: string;
}

/** How long records have to be kept, by what they are evidence of. */
export const RETENTION_CLASSES = {
  standard: {
    floorDays: 30,
    defaultDays: 90,
    meaning: 'The work of the product that no rule below asks for.',
  },
  security: {
    floorDays: 90,
    defaultDays: 365,
    meaning: 'Who was let in, refused, given or denied rights; the state of the instance.',
  },
  'ai-high-risk': {
    floorDays: 183,
    defaultDays: 183,
    meaning: 'What models and people did in a run: six months at least (EU AI Act, Articles 19 and 26(6)).',
  },
  consent: {
    floorDays: 1_096,
    defaultDays: 1_096,
    meaning: 'Consents and the rights of subjects, for as long as they can be disputed.',
  },
  hipaa: {
    floorDays: 2_192,
    defaultDays: 2_192,
    meaning: 'Everything of a tenant that has to keep six years of records (45 CFR 164.316(b)(2)).',
  },
} as const satisfies Record<string, RetentionClassRule>;

export type RetentionClass = keyof typeof RETENTION_CLASSES;
