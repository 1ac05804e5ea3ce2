import { commandText, layersOf } from './layers.js';

describe('commandText', () => {
  it.each([
    ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'],
    ['RUN /bin/sh -c apt-get update # buildkit', 'RUN apt-get update'],
    ['/bin/sh -c apk add curl', 'RUN apk add curl'],
    ['COPY . /app # buildkit', 'COPY . /app'],
    [null, 'not stated'],
  ])('reads %j as %j', (createdBy, text) => {
    expect(commandText(createdBy)).toBe(text);
  });
});

describe('layersOf', () => {
  it('counts what each layer of the image brought', () => {
    const layer = (index: number) => ({
      index,
      digest: `d${index}`,
      diffId: 'x',
      sizeBytes: 1,
      mediaType: 'm',
      createdBy: null,
    });
    const image = { digest: 'image', layers: [layer(0), layer(1)], unreadLayers: [1] };
    const findings = [
      { imageDigest: 'image', layer: 0, counted: true },
      { imageDigest: 'image', layer: 0, counted: false },
      { imageDigest: 'other', layer: 0, counted: true },
      { imageDigest: 'image', layer: null, counted: true },
    ];
    expect(layersOf(image, findings, [{ imageDigest: 'image', layer: 0 }], 1)).toMatchObject([
      { index: 0, findings: 1, packages: 1, isUnread: false, isOfBase: true },
      { index: 1, findings: 0, packages: 0, isUnread: true, isOfBase: false },
    ]);
  });
});
