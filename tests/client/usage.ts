// What a frontend writes against the generated types. It is compiled, never run: a type that is looser or stricter
// than the API's answers fails here.
import type { components, paths } from "./marquee";

type Json<Operation extends { responses: object }, Status extends keyof Operation["responses"]> =
  Operation["responses"][Status] extends { content: { "application/json": infer Body } } ? Body : never;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const exactly = <A, B>(same: Equal<A, B>): boolean => same;

type Favorites = Json<paths["/api/v1/favorites/"]["get"], 200>;
type Added = Json<paths["/api/v1/favorites/"]["post"], 201>;
type Recommendations = Json<paths["/api/v1/recommendations/"]["get"], 200>;
type Refused = Json<paths["/api/v1/recommendations/"]["get"], 401>;
type Found = Json<paths["/api/v1/movies/search/"]["get"], 200>;
type Page = Json<paths["/api/v1/movies/{tmdb_id}/"]["get"], 200>;
type Tokens = Json<paths["/api/v1/auth/login/"]["post"], 200>;
type Film = components["schemas"]["MovieCard"];

exactly<Favorites["success"], true>(true);
exactly<Favorites["pagination"], { page: number; per_page: number; total: number; pages: number }>(true);
exactly<keyof Favorites, "success" | "data" | "message" | "pagination" | "meta">(true);
exactly<Favorites["meta"]["as_of"], string | null>(true);
exactly<Favorites["meta"]["removed"][number]["item"], number>(true);
exactly<keyof Added, "success" | "data" | "message">(true);
exactly<keyof Recommendations, "success" | "data" | "message" | "pagination" | "meta">(true);
exactly<Refused["success"], false>(true);
exactly<Refused["data"], null>(true);
exactly<Refused["errors"], { field: string; code: string; message: string }[]>(true);
exactly<keyof Found["meta"], "source" | "simulated" | "searched_for" | "age" | "stale">(true);
exactly<Found["meta"]["source"], "tmdb" | "local">(true);
exactly<Found["meta"]["age"], number>(true);
exactly<Page["data"]["videos"], components["schemas"]["Video"][] | null>(true);
exactly<Tokens["data"], { access: string; refresh: string }>(true);
exactly<Film["overview"], string>(true);
exactly<Film["release_date"], string | null>(true);
exactly<NonNullable<Film["my"]>["rating"], number | null>(true);

type Body<Operation> = Operation extends { requestBody?: { content: { "application/json": infer Sent } } } ? Sent : never;

// What need not be sent need not be written.
export const several: Body<paths["/api/v1/ratings/bulk/"]["post"]> = { add: [{ tmdb_id: 603, value: 8.5 }] };
export const watched: Body<paths["/api/v1/history/"]["post"]> = { tmdb_id: 603 };
export const account: Body<paths["/api/v1/auth/register/"]["post"]> = { email: "a@example.org", password: "..." };
export const muted: Body<paths["/api/v1/preferences/"]["patch"]> = { muted_genres: [27] };
export const favorite: Body<paths["/api/v1/favorites/"]["post"]> = { tmdb_id: 603 };
exactly<Recommendations["meta"]["requested"], Recommendations["meta"]["served"] | null>(true);

type Home = Json<paths["/api/v1/recommendations/home/"]["get"], 200>;
exactly<keyof Home["data"]["rows"][number], "key" | "title" | "reason" | "items" | "next" | "meta">(true);
exactly<Home["data"]["rows"][number]["items"][number], Recommendations["data"][number]>(true);
exactly<Home["data"]["rows"][number]["meta"]["recommendation_id"], string>(true);

// A row of the home screen, and what is told when one of its films is opened.
export function opened(row: Home["data"]["rows"][number], place: number): Body<paths["/api/v1/recommendations/feedback/"]["post"]> {
  return { recommendation_id: row.meta.recommendation_id, tmdb_id: row.items[place]!.movie.tmdb_id, kind: "opened" };
}

export function headline(answer: Recommendations | Refused): string {
  if (!answer.success) {
    return `${answer.code}: ${answer.message} (${answer.request_id})`;
  }
  const first = answer.data[0];
  const why = first?.reasons[0]?.text ?? "no reason";
  const fallback = answer.meta.fallback_reason === "no_signal" ? "like a few films first" : answer.meta.served;
  return `${first?.movie.title ?? "nothing"}: ${why} (${fallback}, page 1 of ${answer.pagination.pages})`;
}
