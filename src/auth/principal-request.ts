import type { HttpRequest } from '../http/http-request.js';
import type { Principal } from './principal.js';

/** A request as the guard leaves it; without a principal only on routes marked `Public`. */
export type PrincipalRequest = HttpRequest & { principal?: Principal };
