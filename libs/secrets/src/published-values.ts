import { createHash } from 'node:crypto';

/** Values that one public document prints. */
interface PublishedValues {
  title: string;
  /** Document or public allow-list with the values. */
  source: string;
  /** Hex of each value: in clear, scanners of repositories report them. */
  sha256: readonly string[];
}

/**
 * Well-known values that grant no access to anything of the user: every installation has them, or
 * documentation prints them. To add one: `printf %s VALUE | sha256sum`, without `0x`; of a private
 * key its label, a line break and the Base64 in one line.
 */
export const publishedValues: readonly PublishedValues[] = [
  {
    title: "Google API keys of Firebase's samples and public projects",
    source: 'https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/gcp.go',
    sha256: [
      '2037abcaffb2b77785da716cf7ccff4ff4d00c4ea930db0167b7d71f50af7eb4',
      '3f370c9dd8225c63b5c77de1f785edc9712958f18bb612d5fa2e0ae33aeca682',
      'e4a5542bb7fd7b67e943c71ad29c34b5972c9840597e7eda53e666f44d5da0b9',
      'a19f89ab3555eac10c40741f6df79ecf0935998f15569f8db9d67bce0181fff6',
      '0b476bdf9acf2123d547b5ae76f1e59884d8ec9553ee0c47e9f31fd4768f3f3c',
      'eb540d2b6ee2a0a47c5779bc8a0141784c6b753840d4c6f4e2428a6e86e9e0b1',
      '37f8f09bdf12c2f2eae4ead7273a62ddb0c23459cbf902892f282b57f7ed6619',
      '8731261cb72d86267a32a532ebd3df429e2144e5e4ced7e13568bc9e6c8fb1b1',
      '49f777db995e8260da7ca9ffdf0c08d66f0453e97ec967018baf2cdfe3b582d0',
      '27a9a42931dff7eb2f8434e20a9bce976ea364e7bee49187f19d5cfeca9c7045',
      'dc0fcf046c61640cbd1e8b999ada3262d722c2ca4bf42dceac999020ffdbb614',
      '4c98242dcadc8b29005c6b4aad526552d5ea1842149154c0694adeec75847583',
      'ea9bb1082cf95663f5faca23b8b15ef2aa0fce0a5c6df9c32dcb85b2e0a4513d',
      '3a8b61d0f636b007840c0d40ba12bcf48465dc054cdc1a68704a33521d84b665',
      'a6c814bc555ae62c7bd8b58ec07bf559c7ed3a009976a1e0acc9cef0d4473b41',
    ],
  },
  {
    title: "Join tokens in Docker's documentation of its API",
    source: 'https://docs.docker.com/reference/api/engine/',
    sha256: [
      '33a6d3750d9a769b1c15ed2c4c2aa19f88fd673de6f98ca5327fb78639770e8d',
      'b5b17ca1d65733bbbdf82a5ca9164a549f0b077846125f397658b468c4292e16',
    ],
  },
  {
    title: 'Client secrets of gcloud and of its application default credentials',
    source: 'https://cloud.google.com/sdk/docs/install (lib/googlecloudsdk/core/config.py)',
    sha256: [
      '456a51b1f1b3cf3ed76de579926f0727797eb6efb4b7e6a53c74f9a94c95d87a',
      'f0386f9be1fe905fb2f97a8daff11a9baa9988ceca7c2ecae4aec8db182db1b4',
    ],
  },
  {
    title: 'Account key of Azurite and the Storage emulator',
    source: 'https://learn.microsoft.com/azure/storage/common/storage-connect-azurite',
    sha256: ['0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059'],
  },
  {
    title: 'Account key of the Cosmos DB emulator',
    source: 'https://learn.microsoft.com/azure/cosmos-db/emulator',
    sha256: ['aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615'],
  },
  {
    title: "Test keys of Stripe's documentation",
    source: 'https://docs.stripe.com/keys',
    sha256: [
      '2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326',
      'f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397',
      '2d1f7723aabc5c7a51fcdc2463c99b5f3fdbc57cf3134db4ac12913c35976e6f',
      'b1471f544ceeea31333bde7e1ecbaad6eac0d4a749412ad29bd66ef895b81c6b',
      '5895b89c8fb33402a5bfc23aad5aaf863fbb438a51e1a0bb02b0ce618c8fdf9d',
    ],
  },
  {
    title: 'Values of the examples of OAuth 2.0',
    source: 'https://www.rfc-editor.org/rfc/rfc6749',
    sha256: [
      'e9974c507d2a802143f614c878fcbb622a3800e05e6e0d329fee2c5b6b243329',
      '6c96130f130ab0d6d158397e24d2bcc1c9a5e73ae081f6e983f1c7b545d24a4c',
      '00cf4c781dc37003f7c7dd7d4c9a6ef1e0f4c62d9a291aa8bc398774e3fefd32',
      'a35b81a7d7927b70ec99270dd2362b88580a28574af812f2c02f56469579186f',
      'ca7459e2b26776de081b9a07e40227fd6cff232a1e3233ff6b6aa6d036ca9981',
      '584b27d64ebc1b3341f7fc9a9c3f1a54422e9a1ca3079fd5531d9f489219f8d0',
      '53f5da0aaa93d64cd5772c554cbf940f0539e689dddbeb8f923eec3f72c02ea9',
      'b8e148545b13c78bc74da2f1a7275dd71e56ddece129d7d2f7b3ecc06f7994da',
    ],
  },
  {
    title: 'Values of the examples of Basic authentication',
    source: 'https://www.rfc-editor.org/rfc/rfc7617',
    sha256: [
      'cf4d418ed3de92d71f767db5391d5a2dacd40e1ce49e75d1137e2ecf4982d844',
      '687da00b09c83361bf3a2853b3a0c7d63ca5da870c8d3cdc20905c7aa546840a',
      '41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb',
    ],
  },
  {
    title: "Passwords of the examples of Basic authentication in MDN's documentation",
    source: 'https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Authorization',
    sha256: [
      'd9fb92e3bbe65be1f1aad4a82eef4567f7a1ebe2cd110c8049b9698be7a70c88',
      '5ff0e82e56c3cf647e81f5134d3e4f839875efb69bf4d271298e11e032da5db5',
    ],
  },
  {
    title: "Key of the tests of Go's crypto/x509, which every toolchain has",
    source: 'https://github.com/golang/go/blob/master/src/crypto/x509/platform_root_key.pem',
    sha256: ['aa77b736f217c20f13ffab1e37a32fd8255460446ada9304d5b409ec272b8435'],
  },
  {
    title: "Accounts of Hardhat's and Anvil's development chains",
    source: 'https://hardhat.org/hardhat-network/docs/overview',
    sha256: [
      'bc1a50966c9e6486bc4ebf880b51611a2a97fcb8e7a6976e9b81a9e3e8ca0e3c',
      '8335c55334821eefd4334369ff9c04a8594f161013cf9d87f58802d87297837e',
      'b26ab6529d20ebebb4192256f202984754f785481c64b1a1aed58cac93b3617e',
      '64034b44c579b335ab5e85debbfe72789e970138cc8d296799c3833a2a8525fb',
      '4d3e46eec8244d1d106f866ee48994f6176705298aee1b8426b2ad2529eb454b',
      '0aedba9d586f34f95cf1f0d54926f62e8a078ce2ca593be73ab27a87d3ff9c5d',
      '28e543d3753fc9d14c658ebef20b76a3b5f8e7d78667baf27832ceb3bea01bdf',
      'f070994a8599478580678f2b9482c5f02bb3de0647281e8efae183669425808a',
      '38e69fdd19aefeb4adf56312f10e62c30274997835173c7006308323ad7db506',
      '967f21586cdf1248a862f2cfb330099701c942c2c7a7537c54f7ec48f8556505',
    ],
  },
  {
    title: 'Accounts of Ganache in its deterministic mode',
    source: 'https://github.com/trufflesuite/ganache',
    sha256: [
      '578592185588730b9d10b87e2274706a8301a179cdb60fb4263c788e7e679503',
      '30e55f5463e22af009a1b785a4d723190c4522bfa2696c2ab85fd12cedca708d',
      '70b801afae94d2e653c9612d0ebbba1f52f0d6fca900a0c0f0aa0f3e500e41e9',
      '0bc9fde2b028e3b067e45059c84dbcf43b573344d84f1f259dd912427e76f83f',
    ],
  },
  {
    title: "Example of age's help",
    source: 'https://github.com/FiloSottile/age/blob/main/cmd/age-keygen/keygen.go',
    sha256: ['b3571d478999b981716036d9e624f7965d8e1748c991ed3eefe1aca14ff97bb8'],
  },
  {
    title: 'Key that Vagrant replaces at the first start of a box',
    source: 'https://github.com/hashicorp/vagrant/blob/main/keys/vagrant',
    sha256: ['5ea0914021253e6ffc313a70d96813ffbb7286687b869bc92c3f5ac48a6acaf7'],
  },
  {
    title: "Keys of the self-tests in GnuTLS's library, and of its benchmark",
    source: 'https://gitlab.com/gnutls/gnutls/-/blob/master/lib/crypto-selftests-pk.c',
    sha256: [
      '0524d5da69d3af8d053a1abde38a9a92f9a506391834fd688aa0500def4c4606',
      '0857501317f3d5a0b26ff04f88caae3fefbcf27264d384f0f5d9d08b9bcf2bdf',
      '16016b7f74484fbe338dffcc6ec5485c2b748ddb629392a7e3a5cd075c57daa6',
      '354b03eb2b00f276ce422d989834b5037487b5e7844ee36d66e08aa33c113421',
      '40d4a6e169131e8f339b0f7bc3b06ccbd342e0da5440d64d15060a32362fbda7',
      '45acdfcca1749e783bddde900e62fc9e4b83dac69e5a94b3fa0a5531c86afc26',
      '48be36ad03e31225abbef6c24a2be9403b31f2f2ac1807486fec54f0037c7be1',
      '4aaf33457df94c866120e4a238d11193df1abb268f3bc42e0f91428b2ea406a9',
      '4c39b306cfa1da7592d79c25ff5a2c64efa7753d195671d548e61a5637ea0282',
      '50816507c9b8bae3965a6b4bbe831233758cd5115c70d053321a8eac69a1d76c',
      '6cbc19c01d292ebc6c9dfad670b56527973a255e938378ed7a730a7b2f98d7e5',
      '7de1367ff935f2bd19527e7282646c5aa3b80fe3dedbae96ac9b64ca2d154924',
      '8ac22bb4e7c6b4ebc8c09f07c28039eeb8520358fcf446d80b2c9c887ce1ecaf',
      '8f30c30b2b88799afc4c926afa705b226b61743c0d7d7374749bab5d9e392988',
      '9842d12b73cb09d1b86870cbfbeaa46523f543caafce958ef4a6f68bc5781697',
      'c1281e7517f6b3197d2a2f7ef3015f5dbcd77f41fdebd88fd5cfbb8e6ab57b96',
      'd1bca73a4d3c962ed2c575cc58a6b5e0c7ef933a354a89c4f3f1c6e8b67e0765',
      'd1becf924c39760e7e9f71db8dfc62fb8da547a1f48f9116c0f8c4f2db850024',
      'd8b47805180ccbb79c139b8ca47defc913d106ff800ec6be07b5769af8807818',
      'e6df0110ba716cdc596460265a63ad757cc013a7b24ef5826032a9a1fc0b4a3e',
      'ea6a71b3f0ec456c54786ff3e51faa7ba826c86668c80a72cc04fe53b55a0098',
      'f057a06bf52a0b815879e87336da1ad80edacbff7cb301fc8f888e7b5f7e9b94',
      'f3bd3c25df8dfc8834c16f9d20b62cc9c743a36d59a08f3de79ffee7fae9f11c',
      'f76e732cfc5a6fdb692d8f1ee0649e638c93b59d3c8d80ab8f3ee48336056821',
      'fbc9695e339dd069df1872999aa80aa917f0f7a633c934f89862b3004accc7d0',
    ],
  },
];

const hashes = new Set(publishedValues.flatMap(({ sha256 }) => sha256));

/** Whether everybody knows a value. */
export function isPublished(value: string): boolean {
  const bare = value.startsWith('0x') ? value.slice(2).toLowerCase() : value;
  return hashes.has(createHash('sha256').update(bare, 'latin1').digest('hex'));
}
