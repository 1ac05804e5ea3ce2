import stamp from '../assets/stamp.svg';

/** The officer's stamp: in the name and in empty lists, never for a status. */
export function StampImage({ size }: { size: number }) {
  return <img src={stamp} alt="" width={size} height={size} />;
}
