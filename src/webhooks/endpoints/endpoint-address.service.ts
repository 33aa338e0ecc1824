import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import {
  outboundTargetOf,
  type OutboundRules,
  type TargetFault,
} from '../../http/outbound/outbound-target.js';
import { isPublicAddress } from '../../http/outbound/public-address.js';
import { AppError } from '../../kernel/app-error.js';

/** A name that takes longer is judged when it is called. */
const LOOKUP_TIMEOUT_MS = 2_000;

const FAULTS: Readonly<Record<TargetFault, string>> = {
  unusable: 'must be a URL of the web',
  credentials: 'must not carry a name and password',
  insecure: 'must begin with https://',
  private: 'must lead to the public internet',
};

/** Which addresses an endpoint may have. They are judged when given, and again at every connection. */
@Injectable()
export class EndpointAddress {
  /** What this instance lets itself call. */
  readonly rules: OutboundRules;

  constructor(@InjectConfig('webhooks') config: AppConfig['webhooks']) {
    this.rules = { allowHttp: config.allowHttp, allowPrivate: config.allowPrivateAddresses };
  }

  /** @throws AppError VALIDATION_FAILED when the address is refused. */
  async check(text: string): Promise<void> {
    const target = outboundTargetOf(text, this.rules);
    if (!(target instanceof URL)) throw refused(target);
    if (!this.rules.allowPrivate && (await this.leadsInside(target.hostname))) throw refused('private');
  }

  /** A name that cannot be looked up now may be one tomorrow. */
  private async leadsInside(hostname: string): Promise<boolean> {
    const found = lookup(hostname.replace(/^\[(.*)\]$/, '$1'), { all: true }).catch(() => []);
    const late = new Promise<[]>((resolve) => setTimeout(resolve, LOOKUP_TIMEOUT_MS, []).unref());
    const addresses = await Promise.race([found, late]);
    return addresses.some(({ address }) => !isPublicAddress(address));
  }
}

function refused(fault: TargetFault): AppError {
  return new AppError('VALIDATION_FAILED', { errors: [{ path: 'url', message: FAULTS[fault] }] });
}
