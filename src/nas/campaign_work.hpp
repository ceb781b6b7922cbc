// How the work of a campaign is shared out among its runs.
#pragma once

#include <vector>

#include "nas/campaign.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// The share of all runs' work (nn/cost.hpp) that is done before each of them, and 1. Counted on a backend like `like`,
/// nothing is measured; a supernet that runs have in common is work of the first one. Where hours end runs, what these get
/// done is not known: equal shares.
std::vector<double> shares_before(const Campaign& campaign, const Backend& like);

}  // namespace danas
