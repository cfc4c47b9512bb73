/** What one exchange used beside tokens. Absent: none, or nobody says. */
export interface UsedUnits {
  /** Pictures made. */
  images?: number;
  /** Of the request, such as `1024x1024` and `high`. */
  imageSize?: string;
  imageQuality?: string;
  /** Sound that was heard or written down. */
  audioSeconds?: number;
  /** Characters read aloud. */
  characters?: number;
  /** Search units of a reranker. */
  searches?: number;
  videoSeconds?: number;
}
