import { placeOfWorkload, workloadParams } from './workload-place.js';

describe('placeOfWorkload', () => {
  it('reads the workload of an incident', () => {
    const place = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'web' };
    expect(placeOfWorkload('shop/Deployment/web', 'eu1')).toEqual(place);
  });

  it.each([['host-1'], ['Deployment/web'], ['/Deployment/web'], ['a/b/c/d'], ['']])(
    'knows no page of %j',
    (workload) => {
      expect(placeOfWorkload(workload, null)).toBeNull();
    },
  );
});

describe('workloadParams', () => {
  it.each([[null], ['']])('names the cluster %j by a dash', (cluster) => {
    expect(workloadParams({ cluster, namespace: 'shop', kind: 'Deployment', name: 'web' }).cluster).toBe('-');
  });
});
