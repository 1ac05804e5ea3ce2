/** Meaning of an error code for its caller. */
export interface CodeEntry {
  /**
   * `input`: wrong as it is; `missing`: not there; `denied`: access refused; `unavailable`: may
   * work later; `failed`: Tidewaiter itself; `warning`: a gap that a scan or evaluation reports.
   */
  is: 'input' | 'missing' | 'denied' | 'unavailable' | 'failed' | 'warning';
  /** Remedy, one sentence. */
  fix: string;
  /** HTTP status, where it is not that of its kind. */
  status?: number;
  /** Exit code of the command line, where it is not 2. */
  exit?: number;
  /**
   * Warning about an inventory, a package database or a layer: after it the absence of findings
   * proves nothing, and no verdict passes.
   */
  isBlinding?: true;
  /** Warning about one file, or a part of it: whether a verdict may pass is the user's choice. */
  isIncomplete?: true;
  /** The line breaks of the message are Tidewaiter's; elsewhere they may forge a line. */
  isListing?: true;
}

type More = Omit<CodeEntry, 'is' | 'fix'>;
const of =
  (is: CodeEntry['is']) =>
  (fix: string, more: More = {}): CodeEntry => ({ is, fix, ...more });
const input = of('input');
const missing = of('missing');
const denied = of('denied');
const unavailable = of('unavailable');
const failed = of('failed');
const warning = of('warning');

const notScannable = { exit: 3 };
const notReady = { exit: 4 };
/** @see sysexits(3), EX_USAGE */
const usage = { exit: 64 };
const unprocessable = { status: 422 };
const listing = { isListing: true } as const;
const blinding = { isBlinding: true } as const;
const incomplete = { isIncomplete: true } as const;

/** Every code by the subject under which a reader looks for it. */
export const codeSections: readonly { title: string; codes: Readonly<Record<string, CodeEntry>> }[] = [
  {
    title: 'API and console',
    codes: {
      CSRF_HEADER_MISSING: denied('Send the header that the message names with a change by session cookie.'),
      CURSOR_INVALID: input('Take `next` of the page before, unchanged.'),
      DIGEST_INVALID: input('Give `sha256:` and 64 hexadecimal digits.'),
      ID_INVALID: input('Give the id of a list; ids are UUIDs.'),
      INPUT_INVALID: input('Correct the fields that the message names.'),
      QUERY_INVALID: input('Correct the query at the column that the message names.', usage),
      ROLE_MISSING: denied('Ask an administrator for the role that the message names.'),
      ROLE_NOT_LIMITABLE: input('Limit a viewer, a responder or a gate, or leave out the limits.'),
      SCOPE_INSUFFICIENT: denied('Use an account without limits: what the route answers or changes cannot be limited.'),
      LOGOUT_TOKEN_INVALID: input('The identity provider has to send a valid logout token for this client.'),
      OIDC_NOT_CONFIGURED: missing('Configure `access.oidc` in `tidewaiter.yaml`.'),
      CI_TOKEN_INVALID: denied('Check audience, claims and event of the job against `access.ci`.'),
      DEVICE_LOGIN_OVER: missing('Run `tidewaiter login` again: a sign-in waits for ten minutes.'),
      OIDC_REFUSED: denied('Sign in again; the log of the console has the reason.'),
      OIDC_UNAVAILABLE: unavailable('Check `access.oidc.issuer`, and that the console reaches it.'),
      OWN_ACCOUNT: input('Let another administrator change your account.'),
      CONTAINMENT_OFF: input('Set `containment.signingKeyFile` in `tidewaiter.yaml`.'),
      CONTAINMENT_SUBJECT_AMBIGUOUS: input('Name one object and its cluster, as the message lists them.'),
      CONTAINMENT_SUBJECT_UNKNOWN: input('Take action, cluster and object from `tidewaiter containment offers`.'),
      CONTAINMENT_STATE: input('Read the order again: its state does not allow that.', { status: 409 }),
      ASSIGNEE_UNKNOWN: input('Take a name from `GET /api/v1/assignees`.'),
      SNOOZE_TIME_INVALID: input('Choose a time within the next year.'),
      SERVICE_ACCOUNT_TAKEN: input('Use the role of the account, or revoke its other tokens first.'),
      SESSION_OVER: denied('Sign in again.', { status: 401 }),
      SETUP_LINK_INVALID: denied('Restart the console for another link, or run `tidewaiter tokens create`.'),
      SIGN_IN_EXPIRED: input('Sign in again, within ten minutes and in one browser.'),
      SIGN_IN_LIMITED: unavailable('Sign in again after `Retry-After`.', { status: 429 }),
      TOKEN_INVALID: denied('Create a token with `tidewaiter tokens create`.', { status: 401 }),
      TOKEN_MISSING: denied('Send `Authorization: Bearer` and a token.', { status: 401 }),
      TOO_MANY_STREAMS: unavailable('Close other pages, or start another replica of the console.'),
      TOO_MANY_VIEWS: input('Delete views that are not used.'),
      VIEW_OF_OTHER_LIST: input('Give the view to the command of its list.'),
      VIEW_EXISTS: input('Take another name, or change the view that has it.', { status: 409 }),
      USER_DISABLED: denied('Ask an administrator to enable the user.'),
      USER_WITHOUT_ROLE: denied('Map a group of the user to a role under `access.oidc.roles`.'),
    },
  },
  {
    title: 'Objects that are not there',
    codes: {
      DEAD_LETTER_UNKNOWN: missing('List failed jobs with `tidewaiter dead-letters list`.'),
      DELIVERY_UNKNOWN: missing('List messages with `tidewaiter deliveries list`.'),
      ENTRY_FILE_MISSING: missing('Check the path after `--file`.'),
      ENTRY_UNKNOWN: missing('List the entries of the kind; those of tidewaiter.yaml are changed there.'),
      ENTRY_VERSION_UNKNOWN: missing('List the versions of the entry.'),
      FINDING_UNKNOWN: missing('Take the id of a finding from the report of the same image.', notScannable),
      IMAGE_UNKNOWN: missing('Push the image, or check registry, repository and tag.', notScannable),
      CONTAINMENT_UNKNOWN: missing('Take the id from `GET /api/v1/containment`.'),
      INCIDENT_UNKNOWN: missing('Take the id from `GET /api/v1/incidents`.'),
      PUSH_CHANGES_UNKNOWN: missing('Only an analyzed push with a baseline has changes.'),
      PUSH_NOT_REFUSED: missing('Only refused pushes are tried again: see `state` of the push.'),
      PUSH_UNKNOWN: missing('Take the id from `GET /api/v1/pushes`.'),
      REMOVAL_EMPTY: missing('Check the name, and the registry of a repository.'),
      REMOVAL_UNCLEAR: missing('Add `--connection NAME`.'),
      REPORT_RUN_UNKNOWN: missing('Take the id from `GET /api/v1/report-runs`.'),
      SERVICE_ACCOUNT_UNKNOWN: missing('List service accounts with `GET /api/v1/service-accounts`.'),
      SESSION_UNKNOWN: missing('List sessions with `GET /api/v1/sessions`; ended ones are not there.'),
      SILENCE_UNKNOWN: missing('List silences with `tidewaiter silences list`; `--all` has expired ones, too.'),
      SILENCE_VERSION_UNKNOWN: missing('List the versions with `tidewaiter silences history ID`.'),
      VIEW_UNKNOWN: missing('List views with `tidewaiter views`.'),
      USER_UNKNOWN: missing('List users with `GET /api/v1/users`.'),
      CLUSTER_NAME_INVALID: input('Use letters, digits, dots, dashes and underscores.'),
      CLUSTER_UNKNOWN: missing('List clusters with `tidewaiter clusters`.'),
      TOKEN_UNKNOWN: missing('List tokens with `tidewaiter tokens list`.'),
      WORKLOAD_UNKNOWN: missing('Take cluster, namespace, kind and name from `GET /api/v1/workloads`.'),
      VULNERABILITY_UNKNOWN: missing('Take the id from `GET /api/v1/vulnerabilities`.'),
    },
  },
  {
    title: 'Webhooks and uploads',
    codes: {
      AGENT_CREDENTIAL_INVALID: denied('Join again with the token of `tidewaiter clusters join`.', { status: 401 }),
      AGENT_SOURCE_UNKNOWN: missing('Send events of a source that docs/agent.md names.'),
      BODY_DAMAGED: input('Compress the body as its `Content-Encoding` says.'),
      BODY_EMPTY: input('Send at least one document.'),
      BODY_NOT_JSON: input('Send JSON in UTF-8.'),
      BODY_TOO_DEEP: input('Nest the body less deeply.', unprocessable),
      BODY_TOO_LARGE: input('Send less in one request.', { status: 413 }),
      BODY_UNRECOGNIZED: input('Send what the kind of the connection describes.', unprocessable),
      CONNECTIONS_UNREAD: unavailable('Send again; PostgreSQL is away, or a managed connection cannot be read.'),
      CONNECTION_UNKNOWN: missing('Name a connection of tidewaiter.yaml in the URL.'),
      DIGEST_MISSING: input('Add `?digest=sha256:…` to the URL.', unprocessable),
      DOCUMENT_INVALID: input('Send a valid document of the format that it names.', unprocessable),
      ENCODING_UNKNOWN: input('Compress by gzip, deflate or zstd.', { status: 415 }),
      HOOK_UNAUTHORIZED: denied('Send the secret or token of the connection.', { status: 401 }),
      HUB_REFUSED: denied('Give the agent a new token of `tidewaiter clusters join`.'),
      HUB_REJECTED: input('Look up the code of the hub that the message names.'),
      HUB_UNAVAILABLE: unavailable('Check `TIDEWAITER_HUB_URL` and that the agent reaches it.'),
      KUBERNETES_REFUSED: unavailable('Check the ClusterRole of the agent, and `TIDEWAITER_KUBERNETES_URL`.'),
      INTAKE_BUSY: unavailable('Send again after `Retry-After`.', { status: 429 }),
      INTAKE_FULL: unavailable('Send again after `Retry-After`.'),
      INTAKE_TIMEOUT: unavailable('Send again; PostgreSQL is slow or away.'),
      JOIN_TOKEN_INVALID: denied('Make a new token with `tidewaiter clusters join`.', { status: 401 }),
      RATE_LIMITED: unavailable('Send again after `Retry-After`.', { status: 429 }),
      REPOSITORY_DENIED: denied('Allow the repository in the claims or settings of the pipeline.'),
      REPOSITORY_INVALID: input('Name the repository as its registry does.'),
      RUN_MISSING: input('Send the run that built the image.', unprocessable),
      SPOOL_FULL: unavailable(
        'Send again after `Retry-After`; check PostgreSQL, NATS, the detector and the disk of ingest.',
      ),
      STREAM_FULL: unavailable('Send again after `Retry-After`; check that the detector runs.', { status: 429 }),
      SUBJECT_MISMATCH: input('Send the document with the digest that it is about.', unprocessable),
      TAG_INVALID: input('Give a tag, without repository and digest.'),
      TOO_MANY_DOCUMENTS: input('Send fewer documents in one request.', unprocessable),
      TOO_MANY_SUBJECTS: input('Name one subject by `?digest=`.', unprocessable),
    },
  },
  {
    title: 'Configuration',
    codes: {
      CONFIG_INVALID: input('Set the environment variables that the message names.', listing),
      DURATION_INVALID: input('Write `250ms`, `30s`, `1h30m` or `7d`.'),
      EGRESS_POLICY: input('Give CIDRs and host names in `egress.allow`.'),
      ENTRY_CHANGED: input('Read the entry again, and repeat the change with its version.', { status: 409 }),
      ENTRY_EXISTS: input('Change the entry that exists, or take another name.', { status: 409 }),
      ENTRY_IN_FILE: input('Change the entry in tidewaiter.yaml, or take another name.', { status: 409 }),
      ENTRY_INVALID: input('Correct the keys that the message names.', listing),
      ENTRY_KEY_MISSING: input('Set TIDEWAITER_ENTRY_KEY, or give the secret as a file in `management.filesDir`.'),
      ENTRY_SECRET_MISSING: input('Give the secrets again: they would be sent to another address.'),
      FINGERPRINT_KEY_SHORT: input('Set a longer TIDEWAITER_FINGERPRINT_KEY.'),
      IGNORE_FILE_INVALID: input('Correct the lines that the message names.', listing),
      IGNORE_FILE_MISSING: missing('Check the path after `--ignore-file`.'),
      CONTAINMENT_KEY_INVALID: input(
        'Make a key with `openssl genpkey -algorithm ed25519`; agents get its public half.',
      ),
      CONTAINMENT_POLICY_INVALID: input('Correct the keys of the policy file of the agent that the message names.'),
      KEY_INVALID: input('Give a PEM of an ECDSA, RSA or Ed25519 public key.'),
      LIMIT_INVALID: input('Give a whole number within the bounds that the message names.'),
      MATCHER_INVALID: input('Write matchers as Alertmanager does: `severity="high"`.'),
      SPOOL_IN_USE: input('Give each ingest process a TIDEWAITER_SPOOL_DIR of its own.', listing),
      POLICY_INVALID: input('Correct the expression that the message names.', listing),
      POLICY_MISSING: missing('Check the path, or name a built-in policy: `tidewaiter policies list`.'),
      RECEIVER_UNKNOWN: input(
        'Take a receiver of the routing; its channels have to be in effect, and those of a routing.yaml in use.',
      ),
      REGISTRY_CONNECTION: input('Give `http(s)://host[:port]` as the URL of a registry.'),
      REGISTRY_SECRET_UNREAD: input(
        'Run `tidewaiter registries check NAME --config tidewaiter.yaml` beside the scanner.',
      ),
      REGISTRY_UNKNOWN: input('Configure the registry in tidewaiter.yaml again, or leave its pushes.'),
      ROUTING_INVALID: input('Correct routing.yaml: `tidewaiter routes check`.', listing),
      ROUTING_MISSING: missing('Check the path after `--config`.'),
      SCHEDULE_INVALID: input('Write `daily`, `weekly`, `monthly`, or the five fields of cron.'),
      SETTINGS_INVALID: input('Correct the keys that the message names in tidewaiter.yaml.', listing),
      SILENCE_CHANGED: input('Read the silence again, and repeat the change with its version.', { status: 409 }),
      SILENCE_OVER: input('End the silence in the future, after its start.'),
      TEMPLATES_INVALID: input('Correct the lines that the message names.'),
      TEMPLATES_MISSING: missing('Check the folder of `templates.dir`.'),
      TEMPLATE_ENDLESS: input('Let the template do less: it loops for too long.'),
      TOKEN_NAME_TAKEN: input('Revoke the token of that name, or take another name.'),
      TRUSTED_ROOT_INVALID: input('Give a trusted root in the format of Sigstore.'),
      VEX_INVALID: input('Give OpenVEX, CycloneDX or CSAF.', listing),
      VEX_MISSING: missing('Check the path after `--vex`.'),
    },
  },
  {
    title: 'Starting and servers',
    codes: {
      ALREADY_RUNNING: failed('Stop the other one with `tidewaiter down`, or use another folder.'),
      BACKUP_FAILED: failed('Look at the message of pg_dump or pg_restore.'),
      BACKUP_MISSING: missing('Check the path after `--from`.'),
      BACKUP_UNWRITABLE: input('Check the folder and the room after `--to`.'),
      DATABASE_IN_USE: failed('Stop the services first, or `tidewaiter down`.'),
      DATABASE_UNKNOWN: missing('Set TIDEWAITER_DATABASE_URL, or start `tidewaiter up` here.'),
      DEMO_FAILED: failed('Look into the log of `up`; the platform runs on without the demo.'),
      DEMO_NOT_EMPTY: input('Name an empty folder by TIDEWAITER_HOME.'),
      INSTALL_FAILED: failed('Install the packages that the message names.'),
      PLATFORM_NOT_INCLUDED: missing('Run the command in a complete installation: the image or a checkout.'),
      PORT_IN_USE: failed('Choose another port with `--port-ingest` or `--port-console`.'),
      PROGRAM_MISSING: missing('Install the packages that the message names, or use Docker Compose.'),
      SERVER_ANSWER: unavailable('Check the URL after `--server`.'),
      SERVER_MISSING: input('Give --server, or sign in where `up` runs.'),
      SERVER_START_FAILED: failed('Look into the log that the message names.', listing),
      SERVER_UNREACHABLE: unavailable('Start Tidewaiter, or check the URL after `--server`.'),
      SERVICE_NOT_READY: unavailable('Send again after `Retry-After`; `/readyz` shows what the service waits for.'),
      STORE_TIMEOUT: unavailable('Look at the load of PostgreSQL, and for sessions that hold locks.'),
      STORE_UNAVAILABLE: unavailable('Check PostgreSQL and TIDEWAITER_DATABASE_URL.'),
      NOT_SIGNED_IN: input('Sign in by `tidewaiter login`, or give --server and --token-file.'),
      SIGN_IN_REFUSED: denied('Run `tidewaiter login` again, and approve it in the browser.'),
      TOKEN_FILE_MISSING: missing('Check the path of the token file.'),
      UP_FAILED: failed('Look into the log of `up`.', listing),
    },
  },
  {
    title: 'Scan targets and images',
    codes: {
      BLOB_UNKNOWN: missing('The layout is incomplete: copy the image again.'),
      CERTS_D: input('Make the certificates of the registry readable.'),
      CORRUPT_LAYER: input('The layer is damaged: push the image again.'),
      DIFF_ID_MISMATCH: input('The layer is not the one of the config: push the image again.'),
      DIGEST_MISMATCH: input('The content is not what its digest says: copy the image again.'),
      DOCKER_CONFIG: input('Correct the credentials file that the message names.'),
      ENTRIES_INVALID: input('Clear the layer cache.'),
      EXPRESSION_INVALID: input('Correct the expression: see `tidewaiter find --help`.', usage),
      LAYER_COUNT_MISMATCH: input('Config and manifest disagree: build the image again.'),
      LIMIT_EXCEEDED: warning('A named limit was reached; see docs/limits.md.', { ...incomplete, status: 413 }),
      MANIFEST_AMBIGUOUS: input(
        'Push a manifest that has one meaning, and so its config: either an image or an index, no member twice or in two spellings.',
      ),
      MANIFEST_DAMAGED: input('The stored file list is damaged: analyze the image again.'),
      MANIFEST_INVALID: input('Push a valid manifest.'),
      MANIFEST_SCHEMA1: input('Push the image with a client that writes schema 2 or OCI.'),
      MANIFEST_UNKNOWN: missing('The registry or archive has no such image; it may have been deleted.', notScannable),
      MANIFEST_UNSUPPORTED: input('Push an image or an index.'),
      MEDIA_TYPE_MISMATCH: input('Push the manifest with its own media type.'),
      NOT_AN_IMAGE: input('Name an image; this is another artifact.', notScannable),
      NO_PLATFORM: input('Choose a platform that the image has: `--platform`.', notScannable),
      OUTPUT_UNWRITABLE: input('Check the path of the output.'),
      REFERENCE_INVALID: input('Write `registry/repository:tag` or `…@sha256:…`.', notScannable),
      REFERENCE_MISSING: input('The webhook must name a tag or a digest.'),
      SCAN_TIMEOUT: unavailable('Allow more time with `--timeout`.', notReady),
      SIZE_MISMATCH: input('The blob is larger or smaller than declared: push the image again.'),
      TAG_MISSING: input('Name one of the images that the message lists.', notScannable),
      TAGS_UNKNOWN: input('Give an OCI layout or a repository, without a tag.'),
      TARGET_LIST_INVALID: input('Write one target a line.'),
      TARGET_LIST_MISSING: missing('Check the path of the list.'),
      TARGET_MISSING: missing('Check the path or the name of the target.', { ...notScannable, ...blinding }),
      SNAPSHOT_UNSUPPORTED: input('The layers are in the format of a snapshotter: push the image as tar layers.'),
      TOC_MISMATCH: input('The layer for lazy pulling has two contents: build or convert the image again.'),
      TRUNCATED_LAYER: input('The layer ends early: push the image again.'),
      UNPARSABLE_RANGE: input('The advisory or requirement has a range of no known syntax.'),
      UNPARSABLE_VERSION: input('The version has no known syntax; the match is reported as unknown.'),
      UNSUPPORTED_COMPRESSION: input('Compress layers by gzip or zstd.'),
      VERDICT_PENDING: unavailable('Ask again: the image is being analyzed.', notReady),
    },
  },
  {
    title: 'Registries and outgoing requests',
    codes: {
      EGRESS_CERTIFICATE: input('Correct the client certificate and key.'),
      EGRESS_NOT_JSON: unavailable('The server answers otherwise than its API: check URL and proxies.'),
      EGRESS_PROXY: unavailable('Check the proxy settings.'),
      EGRESS_REDIRECTS: input('The server redirects too often: give its final URL.'),
      EGRESS_REFUSED: input('Allow the address in `egress.allow`, or give an https URL.'),
      EGRESS_REQUEST: input('Correct headers and URL of the request.'),
      EGRESS_TIMEOUT: unavailable('The server did not answer in time.'),
      EGRESS_TOO_SLOW: unavailable(
        'The registry sends less than `TIDEWAITER_MIN_BYTES_PER_SECOND`; it is asked again later.',
      ),
      EGRESS_UNREACHABLE: unavailable('Check host name, network and firewall.'),
      EGRESS_UNTRUSTED: unavailable('Trust the certificate: `caFile`, or an address that it names.'),
      LIST_PAGES: unavailable('The registry lists more pages than one look reads.'),
      MIRROR_UNTRUE: unavailable('The mirror gives other bytes than the registry: check it.'),
      REGISTRIES_CONF: input('Correct registries.conf.'),
      REGISTRY_BLOCKED: input('registries.conf blocks this registry.'),
      REGISTRY_BUSY: unavailable('The registry limits requests; it is asked again later.'),
      REGISTRY_CHALLENGE: input('The registry names no token server by https: check its configuration.'),
      REGISTRY_FORBIDDEN: denied('Let the account read the repository.'),
      REGISTRY_TOKEN: unavailable('The token server of the registry fails: check it.'),
      REGISTRY_UNAUTHORIZED: denied('Log in: `docker login`, or `credentials` in tidewaiter.yaml.'),
      REGISTRY_UNAVAILABLE: unavailable('The registry fails; it is asked again later.'),
      REGISTRY_UNEXPECTED: unavailable('The registry answers otherwise than its API: check URL and proxies.'),
    },
  },
  {
    title: 'Advisories and rules',
    codes: {
      ADVISORIES_BUSY: unavailable('Wait for the other sync or import.'),
      ADVISORIES_DAMAGED: input('Import or sync advisories again.', blinding),
      ADVISORIES_EMPTY: input('Give a file or folder with OSV records.'),
      ADVISORIES_MISSING: missing('Run `tidewaiter advisories sync` or `import`.', blinding),
      ADVISORIES_REJECTED: input('Check the feed, or accept its removals with `--accept-removals`.'),
      ADVISORIES_UNWRITABLE: unavailable('Check the folder of the advisory file.'),
      ARCHIVE_INVALID: input('Give a zip, a tar or a folder of rules.'),
      ECOSYSTEMS_INVALID: input('Check the URL of the advisories: its list of ecosystems is none.'),
      ARTIFACT_DAMAGED: input('Push or mirror the artifact again: a part of it is not what its config declares.'),
      ARTIFACT_DELTA: input('Sync again: the artifact is then taken whole.'),
      ARTIFACT_FORMAT: input('Build the artifact with the version that reads it.'),
      ARTIFACT_INVALID: input('Give an artifact that `tidewaiter advisories build` made.'),
      ARTIFACT_OLDER: input('Check why an older artifact is published, or add `--accept-older`.'),
      ARTIFACT_REPLACES: input('Import the missing sources before the artifact is built, or add `--replace`.'),
      ARTIFACT_SIGNERS: input('Give the public key of the artifact, or `--allow-unsigned`.'),
      ARTIFACT_UNSIGNED: denied('Sign the artifact with the key that is configured, or check who published it.'),
      EPSS_FORMAT: input('Give the daily CSV of EPSS.'),
      EXAMPLE_INVALID: input('Correct the example of the rule.'),
      FACTS_INVALID: input('Correct the facts file.'),
      FACTS_MISSING: missing('Check the path after `--facts`.'),
      FEED_COMPRESSION: input('Get the file again: its compression is broken.'),
      FEED_DIGEST: input('The download differs from its published digest: sync again.'),
      FEED_FORMAT: input('Give a file of a source of advisories.'),
      FEED_INDEX: input('Check the address of the source: its index cannot be used.'),
      FEED_MISSING: missing('Check the URL of the feed.'),
      FEED_TRUNCATED: unavailable('Sync again.'),
      FEED_UNWRITABLE: unavailable('Check the folder for downloads.'),
      END_OF_LIFE_FORMAT: input('Give the products of endoflife.date in JSON.'),
      KEV_FORMAT: input('Give the list of CISA, ENISA or VulnCheck in JSON.'),
      REPOSITORY_MAP_FORMAT: input("Give Red Hat's repository-to-cpe.json."),
      NVD_RECORD: input('Give files of NVD in version 2.0.'),
      OSV_RECORD: input('Give records in the OSV schema.'),
      OSV_ZIP: input('Give a whole zip archive.'),
      OVAL_INVALID: input("Give Oracle's OVAL file: a definition is none of its form."),
      PIPELINE_INVALID: input('Correct the processing pipeline at the line that the message names.'),
      RECORDING_INVALID: input('Correct the line that the message names.'),
      RECORDING_MISSING: missing('Check the path of the recording.', notScannable),
      REDHAT_VEX_INVALID: input('Give a CSAF VEX document of Red Hat.'),
      RULES_MISSING: missing('Check the path of the rules.', notScannable),
      RULE_INVALID: input('Correct the rule at the line that the message names.'),
      SUSE_VEX_INVALID: input('Give a CSAF VEX document of SUSE.'),
      SOURCE_UNKNOWN: input('Give a source of advisories that the message names.'),
      UPDATEINFO_INVALID: input("Give an updateinfo.xml of Amazon Linux's repositories."),
      XML_INVALID: input('Give a well-formed XML file without a document type.'),
    },
  },
  {
    title: 'Messages',
    codes: {
      CHANNEL_CIRCUIT_OPEN: unavailable('The channel failed repeatedly; the message is sent when it works again.'),
      CHANNEL_SLOW: unavailable('The channel is at its limit of messages; the message waits.'),
      DELIVERY_PARTLY_SENT: unavailable('The rest is sent again.'),
      DELIVERY_UNCONFIRMED: unavailable('The message may have arrived: look into the channel before you retry it.'),
      DELIVERY_WAITS: unavailable('An older message about the same goes first.'),
      JIRA_INDEXING: unavailable('The message is sent when Jira finds its issue.'),
      JIRA_NO_TRANSITION: input('Give transitions that the workflow has.'),
      REPLAY_BUSY: unavailable('Wait for the other replay.'),
      REPLAY_TIME_INVALID: input('Ask for a time that is over, within the alert history.'),
      REPLAY_TOO_LARGE: input('Ask for a shorter time.'),
      SLACK_RATE_LIMITED: unavailable('Slack limits messages; it is sent later.'),
      SMTP_DEFERRED: unavailable('The mail server accepts it later.'),
      SMTP_UNREACHABLE: unavailable('Check `smarthost`, network and firewall.'),
    },
  },
  {
    title: 'Inside the platform',
    codes: {
      BUS_STORAGE_FULL: unavailable("Give NATS's disk more room: its streams reserve their size, 2 GiB in all."),
      BUS_UNAVAILABLE: unavailable('Check NATS and TIDEWAITER_NATS_URL.'),
      EARLIER_PUSH_PENDING: unavailable('An earlier push of the tag is analyzed first.'),
      EVENT_MALFORMED: input('Report it: an event of another version, or one that others published.'),
      EVENT_UNKNOWN: input('Report it: an event of another version, or one that others published.'),
      HOOK_FORBIDDEN: denied("Let the token of GitHub read and redeliver the webhook's deliveries."),
      HOOK_RATE_LIMITED: unavailable('GitHub limits requests; it is asked again later.'),
      HOOK_UNAVAILABLE: unavailable('GitHub fails; it is asked again later.'),
      HOOK_UNKNOWN: missing('Check owner, repository and id of the webhook in tidewaiter.yaml.'),
      HOOK_UNREADABLE: unavailable('GitHub answers otherwise than its API: check its URL.'),
      IMAGE_UNDER_WAY: unavailable('The image is being analyzed; the work is tried again.'),
      INTERNAL: failed('Report it with the log entry: this is a bug.'),
      JOB_TIMEOUT: unavailable('The job is tried again; if it fails for good, retry it with `dead-letters`.'),
      KEYS_UNAVAILABLE: unavailable('The keys of the sender cannot be fetched; it sends again.'),
      LAYER_ARRIVED: unavailable('The push is evaluated again with the layer.'),
      LAYER_IN_HAND: unavailable('The layer is being read from another repository.'),
      LAYER_READER_FAILED: unavailable('The process that read the layer ended: report the image if it does again.'),
      LEASE_LOST: unavailable('Another process took the work over.'),
      MEMORY_OUTDATED: unavailable('The database was restored; the state is read from it again.'),
      PUSH_PENDING: unavailable('The push is being analyzed.'),
      READER_KILLED: failed('An event ended its process repeatedly and was set aside: report it.'),
      ROUTING_UNREADABLE: unavailable(
        'Put the files that the routing names into `management.filesDir` of the notifier.',
      ),
      SIGNATURE_AWAITED: unavailable('The signature may still come.'),
      SNAPSHOT_MALFORMED: input('The state is built anew from the stream.'),
      SNAPSHOT_UNREADABLE: input('The state is built anew from the stream.'),
      SNAPSHOT_VERSION: input('The state is built anew from the stream.'),
      TAG_CHANGING: unavailable('The tag is being pushed to; it is read again.'),
      WORKER_LOST: failed('Its worker died repeatedly: look into the log, then retry it with `dead-letters`.'),
    },
  },
  {
    title: 'Warnings',
    codes: {
      ADVISORIES_STALE: warning('Sync or import advisories.'),
      EXPLOITATION_STALE: warning('Sync or import KEV and EPSS.'),
      END_OF_LIFE_STALE: warning('Sync or import the ends of support (source `endoflife`).'),
      CERTIFICATE_UNTRUSTED: warning('Configure the trusted root of the signer.'),
      DATABASE_UNREADABLE: warning('The package database of the image cannot be read.', blinding),
      DIGESTS_MIXED: warning('Files were hashed by different algorithms: analyze the image again.', blinding),
      DOCKERFILE_HEREDOC_OPEN: warning('Close the here-document.', blinding),
      DOCKERFILE_UNKNOWN_INSTRUCTION: warning('Correct the instruction.'),
      EXCEPTION_EXPIRED: warning('Extend or remove the exception.'),
      FILE_NOT_CHECKED: warning('Correct the Dockerfile or manifest; the message has the reason.', blinding),
      FILE_TOO_LARGE: warning('The file was not read; see docs/limits.md.', incomplete),
      HARDLINK_WITHOUT_TARGET: warning('The layer has a hard link to no file of its own: it was not read.', incomplete),
      IDENTITY_MISMATCH: warning('Signed by another identity than configured.'),
      INVALID_NAME: warning('The layer has an entry without a name.'),
      INVALID_WHITEOUT: warning('The layer deletes a file without a name, or the root, which no overlayfs does.'),
      K8S_NO_MANIFEST: warning('The document is no Kubernetes object.'),
      K8S_TEMPLATE: warning('Render the template first.', blinding),
      LAYERS_UNREAD: warning('Images with layers that could not be read are missing in the answer.'),
      LAYER_NOT_ANALYZED: warning('The layer was not analyzed; the finding names the reason.'),
      LOG_UNVERIFIED: warning('The signature is not in the trusted transparency log.'),
      MALFORMED_FILE: warning('The file violates its format and was skipped.', incomplete),
      MORE_WARNINGS: warning('Further warnings were left out.', blinding),
      OS_UNKNOWN: warning('No distribution was recognized: its packages were not evaluated.', blinding),
      OVERLAY_ATTRIBUTE: warning(
        'Build the layer without attributes of overlayfs, from a mounted file system.',
        blinding,
      ),
      PACKAGES_MISSING: warning('The package database names no packages.', blinding),
      PACKAGES_UNKNOWN: warning(
        'The file has packages that are not read: it is packed, or an image or archive.',
        incomplete,
      ),
      PACKAGES_NOT_EVALUATED: warning(
        'No advisory source covers these packages, or not the commits that they were taken from.',
      ),
      PARENT_PATH: warning('The layer has an entry that climbs out of the root.'),
      PATHS_NOT_INDEXED: warning('Ask again when the index of paths is complete.'),
      POLICY_WARNING: warning('A policy in mode warn does not hold.'),
      PROVENANCE_CUT: warning('More signatures or attestations exist than were read.'),
      PROVENANCE_UNREADABLE: warning('Signatures or attestations could not be read.'),
      RELEASES_MIXED: warning(
        'Enable the repositories of one release, or those of another one with a tag or by backports.',
      ),
      SECRET_SEARCH_CUT: warning('A part was not searched for secrets; the message names the reason.', incomplete),
      SIGNATURE_INVALID: warning('The signature was not made by its key.'),
      SIGNER_UNKNOWN: warning('Configure the signer, or sign with a known key.'),
      SPARSE_FILE_NOT_HASHED: warning('The sparse file was not compared.', incomplete),
      TEMPLATE_NOT_CHECKED: warning('Render the templates and scan the output as `k8s:FILE`.', incomplete),
      TIMESTAMP_UNVERIFIED: warning('No trusted source confirms the time of signing.'),
      TOO_MANY_RESULTS: warning('Ask for less: the list is cut.'),
      UNKNOWN_ENTRY_TYPE: warning('The layer has an entry of a type that no runtime unpacks.'),
      UNREADABLE: warning('The file could not be read.', incomplete),
    },
  },
];

/** Every code with its meaning. */
export const errorCatalog: Readonly<Record<string, CodeEntry>> = Object.assign(
  {},
  ...codeSections.map(({ codes }) => codes),
);

/**
 * Codes of channels by their ending: `SLACK_DENIED`, `WEBHOOK_REFUSED`, `JIRA_UNAVAILABLE`. The
 * first part is the kind of channel.
 */
export const channelCodes: Readonly<Record<string, CodeEntry>> = {
  DENIED: denied('Correct the credentials of the channel in routing.yaml.'),
  REFUSED: input('The channel does not accept this message: the reason is in the message.'),
  UNAVAILABLE: unavailable('The message is sent again.'),
};

/** Entry of a code; undefined for one that is in no list. */
export function codeEntry(code: string): CodeEntry | undefined {
  return Object.hasOwn(errorCatalog, code) ? errorCatalog[code] : channelCodes[code.slice(code.lastIndexOf('_') + 1)];
}
