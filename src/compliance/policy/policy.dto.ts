import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { DEFAULT_SETTINGS, type PolicySettings } from './policy-settings.js';
import type { PolicyDraft } from './policy-versions.service.js';
import { IsPolicyTexts, MAX_POLICIES } from './policy-texts.validator.js';
import type { PolicyActivation, StoredPolicyVersion } from './policy.repository.js';

const TEXTS = {
  type: 'object',
  additionalProperties: { type: 'string' },
  maxProperties: MAX_POLICIES,
  description: 'Cedar policies by their ids, one policy each',
  example: { 'no-weekends': 'forbid (principal, action, resource) when { context.time.weekday > 5 };' },
} as const;

/** What built-in policies read as `context.settings`. */
export class PolicySettingsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 0, default: DEFAULT_SETTINGS.maxRecipients })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  maxRecipients?: number;

  @ApiPropertyOptional({ default: false, description: 'Whether restricted data may leave by webhook' })
  @IsOptional()
  @IsBoolean()
  restrictedByWebhook?: boolean;

  @ApiPropertyOptional({
    default: false,
    description: 'Whether only compliance officers and administrators approve restricted data',
  })
  @IsOptional()
  @IsBoolean()
  restrictedNeedsOfficer?: boolean;
}

/** `POST /v1/policies` */
export class CreatePolicyVersionDto {
  @ApiProperty(TEXTS)
  @IsPolicyTexts()
  policies!: Record<string, string>;

  @ApiPropertyOptional({ type: PolicySettingsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => PolicySettingsDto)
  settings?: PolicySettingsDto;

  @ApiPropertyOptional({
    default: true,
    description: 'Whether the built-in permit holds beside them; the built-in forbids always do',
  })
  @IsOptional()
  @IsBoolean()
  defaultPermit?: boolean;
}

/** `POST /v1/policies/validate` */
export class ValidatePoliciesDto {
  @ApiProperty(TEXTS)
  @IsPolicyTexts()
  policies!: Record<string, string>;
}

export class PolicyVersionParam {
  @IsInt()
  @Min(0)
  @Max(2_147_483_647)
  @Type(() => Number)
  version!: number;
}

/** `POST /v1/policies/:version/activate` and `POST /v1/policies/rollback` */
export class AppliesToDto {
  @ApiPropertyOptional({
    enum: ['new', 'all'],
    description:
      'Runs that start from here on (default of activate), or those under way as well (of rollback)',
  })
  @IsOptional()
  @IsIn(['new', 'all'])
  appliesTo?: 'new' | 'all';
}

export class PolicyFaultDto {
  @ApiProperty({ description: 'Id of the policy' })
  policy!: string;

  @ApiProperty({ type: 'integer', description: 'From 1' })
  line!: number;

  @ApiProperty({ type: 'integer', description: 'From 1, in characters' })
  column!: number;

  @ApiProperty()
  message!: string;
}

export class PolicyValidationDto {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: [PolicyFaultDto] })
  faults!: PolicyFaultDto[];
}

/** A version as lists show it. */
export class PolicyVersionSummaryDto {
  @ApiProperty({ type: 'integer', description: '0 stands for the built-in policies alone' })
  version!: number;

  @ApiProperty({ description: 'Whether runs that start now are started under it' })
  active!: boolean;

  @ApiProperty({ type: [String], description: 'Ids of the policies' })
  policyIds!: string[];

  @ApiProperty({ description: 'Whether the built-in permit holds beside them' })
  defaultPermit!: boolean;

  @ApiProperty({ type: PolicySettingsDto })
  settings!: PolicySettings;

  @ApiProperty({ description: 'SHA-256 of policies, settings and default permit in canonical form' })
  digest!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Id of the principal; null for what is built in',
  })
  createdBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  createdAt!: string | null;
}

export class PolicyVersionDto extends PolicyVersionSummaryDto {
  @ApiProperty(TEXTS)
  policies!: Record<string, string>;
}

/** That a version was made to hold. */
export class PolicyActivationDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: 'integer', description: 'Counts the activations of the tenant' })
  number!: number;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ enum: ['new', 'all'] })
  appliesTo!: 'new' | 'all';

  @ApiProperty({ enum: ['activate', 'rollback'] })
  kind!: 'activate' | 'rollback';

  @ApiProperty({ description: 'Id of the principal' })
  activatedBy!: string;

  @ApiProperty({ format: 'date-time' })
  activatedAt!: string;
}

/** @param active the version that holds now. */
export function versionSummaryOf(stored: StoredPolicyVersion, active: number): PolicyVersionSummaryDto {
  return summaryOf(stored, active);
}

/** The same with the policies. */
export function versionOf(stored: StoredPolicyVersion, active: number): PolicyVersionDto {
  return { ...summaryOf(stored, active), policies: stored.policies };
}

function summaryOf(
  stored: StoredPolicyVersion,
  active: number,
): Pick<PolicyVersionSummaryDto, keyof PolicyVersionSummaryDto> {
  const { version, policies, defaultPermit, settings, digest, createdBy, createdAt } = stored;
  return {
    version,
    active: version === active,
    policyIds: Object.keys(policies).toSorted(),
    defaultPermit,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    digest: digest.toString('hex'),
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

export function activationDtoOf(activation: PolicyActivation): PolicyActivationDto {
  const { id, number, version, appliesTo, kind, activatedBy, activatedAt } = activation;
  return { id, number, version, appliesTo, kind, activatedBy, activatedAt: activatedAt.toISOString() };
}

/** What a version is made of, with what was not sent filled in. */
export function draftOf({ policies, settings, defaultPermit = true }: CreatePolicyVersionDto): PolicyDraft {
  return { policies, settings: { ...DEFAULT_SETTINGS, ...definedOf(settings) }, defaultPermit };
}

/** A field that was not sent stands in the body as undefined. */
function definedOf(settings: PolicySettingsDto | undefined): Partial<PolicySettings> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
}
