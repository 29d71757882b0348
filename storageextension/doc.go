// Package storageextension is the Collector's file_storage for queues that must
// not lose what they acknowledged when the disk is full.
//
// The persistent queue of exporterhelper takes a failed write lightly: when it
// cannot note that a request is being dispatched, it drops the request, and at
// start it removes the requests that were under way before it writes them again.
// With a full disk, or a kill at the wrong moment, either loses requests that
// clients were told are safe. This extension stores with contrib's filestorage,
// under the same type and with the same keys, and stands between it and the queue:
// new requests are refused before the disk is full, and everything else succeeds
// or waits.
package storageextension
