/** Pattern that programs of one kind contain and others rarely do. */
export interface Indicator {
  /** Name for the report; each name counts once, however many of its patterns match. */
  name: string;
  /** 1: also occurs in harmless files; 2: hardly occurs elsewhere. */
  weight: 1 | 2;
  /** Matched against the content, a character for each byte. */
  pattern: RegExp;
}

/** Names of miner programs, matched at the start of a file name. */
export const minerNames =
  /^(?:xmrig|xmr-?stak|xmrigdaemon|xmrigminer|minerd|cpuminer|ccminer|cgminer|bfgminer|sgminer|ethminer|nbminer|lolminer|phoenixminer|nanominer|srbminer|teamredminer|t-?rex-?miner|gminer|wildrig|cryptonight|kdevtmpfsi|kinsing|kswapd00|watchbog|sysrv|sysupdate|networkservice|xmrigcc|moneroocean|nheqminer|randomx)\b/i;

/** Patterns in the programs, settings and start scripts of miners. */
export const minerIndicators: readonly Indicator[] = [
  { name: 'stratum URL', weight: 2, pattern: /\bstratum[12]?\+(?:tcp|ssl|tls|udp|http):\/\/[^\s"'<>]{3}/i },
  {
    name: 'mining pool',
    weight: 2,
    pattern:
      /\b(?:supportxmr\.com|minexmr\.com|moneroocean\.stream|nanopool\.org|2miners\.com|f2pool\.com|hashvault\.pro|nicehash\.com|xmrpool\.eu|monerohash\.com|minergate\.com|dwarfpool\.com|c3pool\.(?:com|org)|herominers\.com|unmineable\.com|crypto-pool\.fr|xmr\.pt|viaxmr\.com|skypool\.org|kryptex\.network|zpool\.ca|ethermine\.org|woolypooly\.com|antpool\.com|xmrig\.com\/(?:docs|wizard))\b/i,
  },
  {
    name: 'protocol of mining',
    weight: 2,
    pattern: /\bmining\.(?:subscribe|authorize|submit|notify)\b|"method":\s?"login","params":\{"login"/,
  },
  {
    name: 'settings of a miner',
    weight: 2,
    pattern:
      /--donate-level\b|"donate-(?:level|over-proxy)"|--randomx-(?:mode|1gb-pages|no-rdmsr)|--cpu-max-threads-hint|"randomx":\s?\{/,
  },
  {
    // XMRig's list of pools, with any host.
    name: 'pools of a miner',
    weight: 2,
    pattern: /"pools"\s{0,8}:\s{0,8}\[\s{0,64}\{[^[\]{}]{0,600}"(?:rig-id|coin|algo|nicehash)"/,
  },
  {
    name: 'list of pools',
    weight: 1,
    pattern: /"pools"\s{0,8}:\s{0,8}\[\s{0,64}\{[^[\]{}]{0,600}"keepalive"/,
  },
  { name: 'XMRig', weight: 2, pattern: /\bxmrig\b[ /-]|XMRig\b/ },
  {
    name: 'algorithm of mining',
    weight: 1,
    pattern:
      /\brx\/(?:0|wow|arq|loki|sfx|graft|keva)\b|\bcn\/(?:r|2|half|fast|gpu)\b|\bRandomX\b|\bcryptonight\b|\bkawpow\b|\bghostrider\b|\bargon2\/(?:chukwa|wrkz)\b/i,
  },
  {
    name: 'Monero wallet',
    weight: 1,
    pattern: /(?<![1-9A-HJ-NP-Za-km-z])[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}(?![1-9A-HJ-NP-Za-km-z])/,
  },
  {
    name: 'preparation of memory for mining',
    weight: 1,
    pattern: /\bmodprobe msr\b|\bvm\.nr_hugepages\b|\bwrmsr -a 0x1a4\b/,
  },
  {
    name: 'removal of other miners',
    weight: 2,
    pattern: /\bp?kill(?:all)?\b[^\n]{0,80}\b(?:xmrig|kinsing|kdevtmpfsi|minerd|cryptonight)\b/i,
  },
];

export const toolNames =
  /^(?:linpeas|linenum|lse|linux-exploit-suggester|pspy(?:32|64)?|deepce|cdk|peirates|kdigger|chisel|masscan|pnscan|zgrab2?|mimipenguin|lazagne|libprocesshider|processhider|diamorphine|reptile|suterusu|azazel|jynx2?|traitor|botb|amicontained|gs-netcat|ligolo|sliver|meterpreter|tsunami|kaiten|mirai|xorddos|reverse_?shell|revshell|cobaltstrike|weevely|b374k)\b/i;

/** Texts that identify attack tools. */
export const toolIndicators: readonly Indicator[] = [
  {
    name: 'LinPEAS',
    weight: 2,
    pattern: /\blinpeas\.sh\b|\bLinPEAS-ng\b|carlospolop\/(?:PEASS-ng|privilege-escalation)/i,
  },
  { name: 'LinEnum', weight: 2, pattern: /Local Linux Enumeration & Privilege Escalation Script/ },
  { name: 'DEEPCE', weight: 2, pattern: /Docker Enumeration, Escalation of Privileges and Container Escapes/ },
  {
    name: 'container escape kit',
    weight: 2,
    pattern: /\bcdk-team\/CDK\b|\binguardians\/peirates\b|\bbrompwnie\/botb\b|\bquarkslab\/kdigger\b/i,
  },
  { name: 'pspy', weight: 2, pattern: /\bDominicBreuker\/pspy\b|pspy - version:/ },
  { name: 'chisel', weight: 2, pattern: /\bjpillora\/chisel\b|\bchisel-v[23]\b/ },
  { name: 'masscan', weight: 2, pattern: /bit\.ly\/14GZzcT|\bmasscan\.org\b|robertdavidgraham\/masscan/ },
  { name: 'tunnel', weight: 2, pattern: /\bnicocha30\/ligolo-ng\b|\bgsocket\.io\b|\bGS_NETCAT\b/ },
  {
    name: 'remote control',
    weight: 2,
    pattern: /\bbishopfox\/sliver\b|\bmetsrv\b|\bstdapi_sys_process_|\bmeterpreter\b/i,
  },
  { name: 'process hider', weight: 2, pattern: /\bprocess_to_filter\b|\blibprocesshider\b/ },
  { name: 'kernel rootkit', weight: 2, pattern: /\bdiamorphine_(?:init|cleanup)\b|\breptile_(?:init|start)\b/i },
  {
    name: 'bot',
    weight: 2,
    pattern: /\bKaiten\b.{0,40}\bTSUNAMI\b|\/proc\/net\/tcp.{0,80}\bPOST \/cdn-cgi\/|\bgayfgt\b/i,
  },
  { name: 'password dumper', weight: 2, pattern: /\bhuntergregal\/mimipenguin\b|\bAlessandroZ\/LaZagne\b/ },
  { name: 'removal of traces', weight: 1, pattern: /\bhistory -c\b|\bunset HISTFILE\b|\bHISTFILE=\/dev\/null\b/ },
  {
    name: 'search for credentials of clouds',
    weight: 1,
    pattern: /169\.254\.169\.254\/latest\/meta-data\/iam\/security-credentials/,
  },
];
