// Whose rules a search follows where the paper and its published code differ: docs/protocol.md says what each of them is.
#pragma once

#include <array>
#include <cstdint>

#include "base/names.hpp"
#include "nas/system.hpp"
#include "nn/network.hpp"

namespace danas {

enum class Protocol : std::uint8_t { corrected, published };
template <>
inline constexpr std::array names<Protocol>{"corrected", "published"};

/// What the published code does other than the paper: the keys of [switches], each named after its effect.
#define DANAS_SWITCHES(effect)                                                                                     \
  effect(select_on_test) effect(one_score) effect(unfused_ram) effect(unfused_flash) effect(repair_depth)          \
      effect(breed_in_order) effect(admit_violators) effect(drop_residuals) effect(mask_width) effect(fresh_heads) \
          effect(keep_statistics) effect(change_supernet) effect(same_images) effect(bilinear_resize)              \
              effect(constant_noise) effect(begin_with_one_layer) effect(keep_layer_count)

struct Switches {
#define DANAS_SWITCH(name) bool name = false;
  DANAS_SWITCHES(DANAS_SWITCH)
#undef DANAS_SWITCH

  bool operator==(const Switches&) const = default;
};

/// All of them for the published protocol, none for the corrected one: what [switches] begins with.
Switches switches_of(Protocol protocol);
/// As they are for supernets: those that act on candidates alone, or on the data set, are off.
Switches supernet_switches(const Switches& switches);
/// As they are for a search of stacks: those that act on slices alone are off.
Switches stack_switches(const Switches& switches);

/// What of a candidate would be deployed: what is said of its needs is said of these layers.
LayerList deployed_layers(const System& system, int classes, const Switches& switches);
/// The network of a candidate as it is trained and kept: the same, or of full width with masks.
LayerList candidate_layers(const System& system, int classes, const Switches& switches);
/// A candidate before its fine-tuning, cut from its supernet. Where heads are fresh, `seed` draws this one's.
Network begun_candidate(const Network& supernet, const LayerList& layers, const Switches& switches, std::uint64_t seed);
/// Of the running statistics in training.
inline double statistics_momentum(const Switches& switches) { return switches.keep_statistics ? 0.999 : 0.99; }

}  // namespace danas
