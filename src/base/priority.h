#pragma once
// Giving way to what somebody waits for.

namespace sonde {

/// Lowers the calling thread's priority, and so that of the threads and processes it starts from
/// now on: on an idle machine nothing changes, but a query beside gets its processor at once
/// [INV-6]. It cannot be raised again, so call it on a thread of one's own.
/// One that was given more than the ordinary priority keeps it.
void give_way();

}  // namespace sonde
