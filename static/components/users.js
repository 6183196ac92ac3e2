// The invented people that user-list and user-detail show.
const USERS = [
  { id: "user-1", name: "Amara Okafor", email: "amara@example.org", role: "Administrator", team: "Platform", joined: "2021-03-08", seen: "today", active: true },
  { id: "user-2", name: "Ben Lindqvist", email: "ben@example.org", role: "Editor", team: "Knowledge", joined: "2022-11-21", seen: "yesterday", active: true },
  { id: "user-3", name: "Citra Wijaya", email: "citra@example.org", role: "Editor", team: "Knowledge", joined: "2023-01-16", seen: "today", active: true },
  { id: "user-4", name: "Daniel Ferreira", email: "daniel@example.org", role: "Reader", team: "Sales", joined: "2020-06-02", seen: "three months ago", active: false },
  { id: "user-5", name: "Eun-ji Park", email: "eunji@example.org", role: "Administrator", team: "Security", joined: "2019-09-30", seen: "two days ago", active: true },
  { id: "user-6", name: "Farid Haddad", email: "farid@example.org", role: "Reader", team: "Finance", joined: "2024-05-13", seen: "last week", active: true },
  { id: "user-7", name: "Greta Novak", email: "greta@example.org", role: "Editor", team: "Design", joined: "2022-02-14", seen: "today", active: true },
  { id: "user-8", name: "Hugo Martin", email: "hugo@example.org", role: "Reader", team: "Support", joined: "2023-08-28", seen: "five weeks ago", active: false },
];
