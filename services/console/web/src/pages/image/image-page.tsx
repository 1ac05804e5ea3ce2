import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';

import { image, imageFindings, push as pushQuery, reach } from '../../api/queries.js';
import type { Images } from '../../api/types.js';
import { PageHead, TabLinks } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { nameOf, shortDigest } from '../../parts/words.js';
import { ImageHead } from './image-head.js';
import { ImageTab, imageTabs } from './image-tab.js';
import { Warnings } from './warnings.js';

const route = getRouteApi('/images/$digest');

/** One image, or the images of an index: whether it is safe to run, and why. */
export function ImagePage() {
  const { digest } = route.useParams();
  return (
    <Loaded isPage read={useQuery(image(digest))}>
      {(known) => <ImageView known={known} />}
    </Loaded>
  );
}

function ImageView({ known }: { known: Images }) {
  const { digest, images } = known;
  const search = route.useSearch();
  const places = useQuery(reach({ image: digest, limit: 200 }));
  const pushId = search.push ?? newestPush(places.data);
  const push = useQuery({ ...pushQuery(pushId ?? ''), enabled: pushId !== undefined });
  const findings = useQuery(imageFindings(digest, search.push));
  const tab = search.tab ?? (pushId === undefined && places.isSuccess ? 'fixes' : 'changes');
  const title = push.data ? nameOf(push.data) : `@${shortDigest(digest)}`;
  const context = { digest, images, push: push.data, pushId, places: places.data, findings: findings.data };
  return (
    <>
      <PageHead
        title={title}
        about={<ImageHead {...context} />}
        actions={
          <Link to="/compare" search={{ from: push.data?.comparedWith?.digest, to: digest }} className="button">
            Compare with…
          </Link>
        }
      />
      <TabLinks label="Views of the image" chosen={tab} tabs={imageTabs(context)} />
      <ImageTab
        {...context}
        tab={tab}
        sort={search.sort}
        findingsRead={findings}
        pushOfRules={search.push}
        pipeline={known.pipeline}
      />
      <Warnings warnings={images.flatMap(({ warnings }) => warnings)} />
    </>
  );
}

/** Push that a tag points to now, else the newest. */
function newestPush(
  places: { items: { places: { isCurrent: boolean; pushId: string | null }[] }[] } | undefined,
): string | undefined {
  const all = places?.items.flatMap((item) => item.places) ?? [];
  const best = all.find(({ isCurrent, pushId }) => isCurrent && pushId !== null) ?? all.find(({ pushId }) => pushId);
  return best?.pushId ?? undefined;
}
