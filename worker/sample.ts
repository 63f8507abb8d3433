// One value of one series, as a rule sees it.

export interface Sample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}
