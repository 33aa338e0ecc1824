/**
 * What the keys of common providers look like, as pattern sources. Each has a fixed beginning that nothing else
 * has, so a match needs no further proof.
 */
export const KEY_FORMATS: readonly string[] = [
  'cs_[A-Za-z0-9_-]{16,128}', // Countersign
  '(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}', // Amazon Web Services
  'bedrock-api-key-[A-Za-z0-9+/=_-]{16,256}',
  'ABSK[A-Za-z0-9+/]{60,160}={0,2}',
  'gh[pousr]_[A-Za-z0-9]{30,255}', // GitHub
  'github_pat_[A-Za-z0-9_]{36,120}',
  'gl(?:pat|ptt|rt|cbt|dt|ft|soat|imt|agent|ffct|oas)-[A-Za-z0-9_.=-]{20,80}', // GitLab
  'GR1348941[\\w-]{20}',
  'sk-ant-(?:api|admin|oat|sid)\\d\\d-[A-Za-z0-9_-]{80,120}', // Anthropic
  'sk-(?:proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,200}', // OpenAI, OpenRouter
  'sk-[A-Za-z0-9]{20,64}',
  'pplx-[A-Za-z0-9]{32,64}',
  'gsk_[A-Za-z0-9]{40,64}',
  'hf_[A-Za-z0-9]{30,40}', // Hugging Face
  'api_org_[A-Za-z]{34}',
  '(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{10,128}', // Stripe
  'whsec_[A-Za-z0-9+/=]{24,64}',
  'xox[abeoprs]-[A-Za-z0-9-]{10,160}', // Slack
  'xapp-\\d-[A-Za-z0-9-]{20,160}',
  'AIza[A-Za-z0-9_-]{35}', // Google
  'GOCSPX-[A-Za-z0-9_-]{24,40}',
  'ya29\\.[A-Za-z0-9_-]{20,200}',
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}', // SendGrid
  'key-[0-9a-f]{32}', // Mailgun
  'xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}', // Brevo
  'npm_[A-Za-z0-9]{36}',
  'pypi-[A-Za-z0-9_-]{50,200}',
  'rubygems_[0-9a-f]{48}',
  'do[opr]_v1_[0-9a-f]{64}', // DigitalOcean
  'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9_.-]{40,60}', // Doppler
  'dapi[0-9a-f]{32}(?:-\\d)?', // Databricks
  'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}', // Shopify
  'EAA[A-Za-z0-9]{40,250}', // Meta
  'EZ[AT]K[A-Za-z0-9]{54}', // EasyPost
  'sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}', // Square
  '(?:AC|SK)[0-9a-f]{32}', // Twilio
  'hv[bs]\\.[A-Za-z0-9_-]{24,300}', // Vault
  '[a-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,70}',
  'glc_[A-Za-z0-9+/]{32,400}={0,3}', // Grafana
  'glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}',
  'lin_api_[A-Za-z0-9]{40}',
  'ntn_[A-Za-z0-9]{40,50}', // Notion
  'secret_[A-Za-z0-9]{43}',
  'pscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._-]{32,64}', // PlanetScale
  'PMAK-[0-9a-f]{24}-[0-9a-f]{34}', // Postman
  'pul-[0-9a-f]{40}', // Pulumi
  'NR(?:AK|JS|II)-[A-Za-z0-9_-]{19,32}', // New Relic
  'fm[12][ar]?_[A-Za-z0-9+/=]{60,700}', // Fly
  'fo1_[\\w-]{43}',
  'ops_eyJ[A-Za-z0-9+/]{60,1500}={0,3}', // 1Password
  'dt0c01\\.[A-Z2-7]{24}\\.[A-Z2-7]{64}', // Dynatrace
  'sntry[su]_[A-Za-z0-9+/=_]{32,300}',
  'sha256~[\\w-]{43}', // OpenShift
  'AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}',
  'tfp_[A-Za-z0-9_-]{30,60}', // Typeform
  'vc[a-z]_[A-Za-z0-9]{24,60}', // Vercel
  'r8_[A-Za-z0-9]{37}', // Replicate
  'eyJ[A-Za-z0-9_-]{10,2000}\\.eyJ[A-Za-z0-9_-]{10,4000}\\.[A-Za-z0-9_-]{10,1000}', // JSON Web Token
  'hooks\\.slack\\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,30}',
  '\\d{8,10}:AA[A-Za-z0-9_-]{32,34}', // Telegram
  'A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}', // 1Password, secret key
  'p8e-[0-9a-zA-Z]{32}', // Adobe
  '[A-Za-z0-9_~.]{3}\\dQ~[A-Za-z0-9_~.-]{31,34}', // Microsoft Entra
  'LTAI[A-Za-z0-9]{17,21}', // Alibaba Cloud
  'AKCp[A-Za-z0-9]{69}', // Artifactory
  'ATATT3[A-Za-z0-9_=-]{180,200}', // Atlassian
  'ATCTT3[A-Za-z0-9_=-]{180,200}',
  'duffel_(?:test|live)_[A-Za-z0-9_=-]{43}',
  'dt0c01\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{64}',
  '\\d{15,16}\\|[0-9A-Za-z_-]{27,40}', // Facebook
  'FLW(?:PUB|SEC)K_TEST-[0-9a-zA-Z]{12,40}(?:-X)?', // Flutterwave
  'fio-u-[A-Za-z0-9_=-]{64}', // Frame.io
  'live_[0-9a-f]{35}', // GoCardless
  '(?:pat|sat)\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}', // Harness
  '[a-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}',
  's\\.[A-Za-z0-9]{24}', // Vault, old
  'HRKU-[A-Za-z0-9_-]{36,60}', // Heroku
  's-s4t2(?:ud|af)-[0-9a-f]{64}', // Intra 42
  'API-[A-Z0-9]{26}', // Octopus Deploy
  'tk-us-[\\w-]{48}', // Scalingo
  'sm_(?:pat|aat|sat)_[A-Za-z0-9]{16}', // SettleMint
  'shippo_(?:live|test)_[0-9a-fA-F]{40}',
  'sq[pua]_[A-Za-z0-9=_-]{40}', // SonarQube
  'sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{40}', // Sourcegraph
  'slk_[0-9a-f]{64}',
  'xoxe\\.xox[bp]-\\d-[A-Za-z0-9]{100,200}', // Slack, rotated
  'hooks\\.slack\\.com/(?:workflows|triggers)/[A-Za-z0-9+/]{43,64}',
  'hooks\\.slack\\.com/services/[A-Za-z0-9+/]{43,60}',
  'https://discord(?:app)?\\.com/api/webhooks/\\d{17,20}/[A-Za-z0-9_-]{60,70}', // Discord
  'lin_oauth_[0-9a-f]{64}', // Linear
  'sk_(?:live|test|prod)_[A-Za-z0-9]{10,99}',
  'pnu_[A-Za-z0-9]{36}', // Prefect
  'rdme_[a-z0-9]{70}', // ReadMe
  'tfy-[A-Za-z0-9]{30,60}',
  'xai-[A-Za-z0-9]{70,90}', // xAI
  'nvapi-[A-Za-z0-9_-]{60,80}', // NVIDIA
  'sk-or-v1-[0-9a-f]{64}',
  'tvly-[A-Za-z0-9-]{20,40}', // Tavily
  'lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}', // LangSmith
  'phc_[A-Za-z0-9]{40,50}', // PostHog
  'sbp_[0-9a-f]{40}', // Supabase
  'dckr_(?:pat|oat)_[A-Za-z0-9_-]{24,36}', // Docker
  'CLOJARS_[a-z0-9]{60}',
  'figd_[A-Za-z0-9_-]{38,50}', // Figma
  'CFPAT-[A-Za-z0-9_-]{40,50}', // Contentful
  'EAAA[A-Za-z0-9_-]{60}', // Square
  'v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}', // Cloudflare origin CA
];
