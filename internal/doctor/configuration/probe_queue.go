package configuration

import (
	"github.com/otelaudit/otelaudit/internal/doctor"
)

// queueProbes are about what happens to a record between its answer and its sink.
func queueProbes() []doctor.Probe[*Configuration] {
	return []doctor.Probe[*Configuration]{
		probe(doctor.Check{
			ID: "queue_in_memory", Severity: doctor.P0, Section: docForward,
			Title: "A queue in memory holds audit records that were acknowledged",
			Fix:   "set sending_queue::storage to a file_storage extension, or use the exporter audit in mode synchronous without a queue",
		}, findMemoryQueues),
		probe(doctor.Check{
			ID: "queue_storage", Severity: doctor.P0, Section: docForward,
			Title: "The storage of a queue of audit records is not there, or is not synced",
			Fix:   "define the file_storage extension with fsync: true and name it in service::extensions",
		}, findStorage),
		probe(doctor.Check{
			ID: "queue_deletes", Severity: doctor.P0, Section: docForward,
			Title: "A limit deletes acknowledged audit records from their queue",
			Fix:   "retry_on_failure: {enabled: true, max_elapsed_time: 0}, and no sending_queue::batch::max_size in bytes",
		}, findDeleting),
		probe(doctor.Check{
			ID: "stock_forwarder", Severity: doctor.P0, Section: docForwarder,
			Title: "A stock exporter forwards audit records and deletes what the next collector refuses",
			Fix:   "use audit_forward: a wrong password on one side then holds records up, and deletes none",
		}, findStock),
	}
}

// queueing are the exporters of ours that may have a queue.
var queueing = []string{"audit", "audit_forward"}

// queue is the sending queue of an exporter of ours, and whether records wait in it.
func queue(s stop) (section *value, used bool) {
	section = s.config.at("sending_queue")
	if s.kind() == "audit" {
		return section, section.enabled() && section.at("enabled").boolean(true) || s.config.at("mode").str("synchronous") == "durable-queue"
	}
	return section, true
}

func findMemoryQueues(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		section, used := queue(s)
		if !s.is(queueing) || !used {
			continue
		}
		at := section.or(s.config, s.named)
		switch mode := s.config.at("mode"); {
		case s.kind() == "audit" && mode.str("synchronous") != "durable-queue" && !f.open(mode, s.name+"::mode"):
			f.find(at, "%s has a sending_queue in mode synchronous: it would answer before COMMIT, and the collector does not start", s.name)
		case !section.at("storage").given():
			f.find(at, "the queue of %s has no storage", s.name)
		case section.at("wait_for_result").boolean(false):
			f.find(section.at("wait_for_result"), "%s::sending_queue::wait_for_result: the collector does not start", s.name)
		}
	}
}

func findStorage(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		section, used := queue(s)
		storage := section.at("storage")
		if !s.is(queueing) || !used || !storage.given() || f.open(storage, s.name+"::sending_queue::storage") {
			continue
		}
		id := storage.str("")
		extension := c.extension(id)
		switch {
		case extension == nil:
			f.find(storage, "the queue of %s names the storage %s, which is not among the extensions", s.name, nameOf(id, storage))
			continue
		case !c.runs(id):
			f.find(storage, "the queue of %s names the storage %s, which service::extensions does not start", s.name, nameOf(id, storage))
		}
		if fsync := extension.config.at("fsync"); extension.kind() == "file_storage" && !f.open(fsync, extension.name+"::fsync") && !fsync.boolean(false) {
			f.find(fsync.or(extension.config, storage), "%s has no fsync: what %s has acknowledged is in the kernel's memory, and gone with the power", extension.name, s.name)
		}
	}
}

func findDeleting(c *Configuration, f *finder) {
	for _, s := range c.sinks() {
		section, used := queue(s)
		if !s.is(queueing) || !used {
			continue
		}
		retry := s.config.at("retry_on_failure")
		elapsed, batch := retry.at("max_elapsed_time"), section.at("batch")
		if enabled := retry.at("enabled"); !enabled.boolean(true) {
			f.find(enabled, "%s does not retry: the first failure deletes records", s.name)
		}
		if !f.open(elapsed, s.name+"::retry_on_failure::max_elapsed_time") && !elapsed.zero(true) {
			f.find(elapsed, "%s gives up after retry_on_failure::max_elapsed_time", s.name)
		}
		if limit := batch.at("max_size"); batch.at("sizer").str(section.at("sizer").str("")) == "bytes" && !limit.zero(true) {
			f.find(limit, "%s deletes a record that is larger than sending_queue::batch::max_size", s.name)
		}
	}
}

// findStock: with a queue, which is there unless it is switched off, an answer is
// given from memory and a refusal deletes. Without one the client hears of both.
func findStock(c *Configuration, f *finder) {
	for _, w := range c.audit {
		e := w.exporter()
		if !e.is(stock) {
			continue
		}
		section := e.config.at("sending_queue")
		if section.at("enabled").boolean(true) {
			f.find(e.named, "%s takes audit records on the way %s into a queue that gives up", e.name, w)
			continue
		}
		f.report(doctor.Finding{
			Severity: doctor.P1, Title: "A stock exporter forwards audit records and forgets those rejected in part of a request",
		}, e.named, "%s has no queue, so that clients hear of a refusal; a success in part is a success to it", e.name)
	}
}
