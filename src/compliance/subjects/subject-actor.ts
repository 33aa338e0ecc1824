/** Who asks for something to be done with a person's data. */
export interface SubjectActor {
  readonly tenantId: string;
  /** Id of the principal. */
  readonly id: string;
  readonly requestId: string;
}
