// Campaigns on the command line: runs of an experiment file with [[run]] tables, one after the other.
#pragma once

#include "cli/commands.hpp"

namespace danas {

/// `danas CAMPAIGN.toml`: what is finished is passed over, the rest run or gone on with; one report at the end. Returns the
/// exit status.
int run_campaign(const SearchArguments& arguments);

/// `danas check CAMPAIGN.toml`: hours and disk of each run and in all, supernets that runs share once.
int check_campaign(const CheckArguments& arguments);

}  // namespace danas
