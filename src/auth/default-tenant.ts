/** The tenant of a fresh instance; the key of the configuration administers it. */
export const DEFAULT_TENANT_ID = '00000000-0000-7000-8000-000000000001';
