// Package logs reads what clusters and registries write down, and says what was
// refused and what was let in: facts of an audit. A log of any size takes the same
// memory: lines, messages, rows and what is remembered of them are bounded.
//
// # Formats
//
// A line is recognised by what it holds, so a file may mix formats. Gzip and zstd
// are recognised by their first bytes, several in a row or one in the other too.
//
//   - kubernetes-audit: Event and EventList of audit.k8s.io, JSON lines
//     (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/).
//   - eks: the same in envelopes of CloudWatch Logs: subscriptions (logEvents, also
//     one behind the other as Firehose writes them, and awslogs.data), the output of
//     aws logs filter-log-events (events), exports to S3 (time, blank, JSON).
//   - aks: records of Azure Monitor (category kube-audit, kube-audit-admin;
//     properties.log), one per line or under records, and rows of the tables
//     AzureDiagnostics and AKSAudit (https://learn.microsoft.com/azure/azure-monitor/reference/tables/aksaudit).
//   - gke: LogEntry of Cloud Logging with a google.cloud.audit.AuditLog
//     (https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging).
//   - gatekeeper: its JSON log with --log-denies, and its audit (pkg/webhook/policy.go
//     and pkg/audit/manager.go of Gatekeeper 3.23).
//   - events: Event of v1 and events.k8s.io/v1, as kubectl get events -o json prints
//     them, or one per line.
//   - distribution: notifications of the CNCF registry
//     (https://distribution.github.io/distribution/about/notifications/).
//   - registry-access: its log, JSON or text, and the combined log of web servers.
//   - harbor: webhooks, also as CloudEvents, and its audit log by API
//     (https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/).
//   - opa-decisions: decision logs of an OPA or `waxseal run --server` that runs our
//     policies (https://www.openpolicyagent.org/docs/management-decision-logs).
//
// # What counts
//
// Of a request only what was completed counts (stage ResponseComplete), once,
// however often it was delivered. A request with dryRun=All refuses and admits
// nothing: it is counted apart. Whoever sends a request may name its audit ID, so
// events are the same only when their times, codes and addresses are, too.
//
// A denial by several constraints is a row for each. A violation that refused nothing
// (warn, dryrun) is a [audit.Rejection] of that action and, where its image is known,
// an [audit.Admission] in the place of the plain one. What an audit of Gatekeeper
// finds in what is there already has the action audit, and comes again with each audit.
//
// The same denial may stand in the log of the API server, in that of Gatekeeper and in
// the Events of a namespace: rows name their source, and whoever adds up chooses.
//
// What a log says is an attacker's as far as it repeats his request: names, messages,
// images. It is cut, never run, and has to be cleaned before it is shown.
package logs
