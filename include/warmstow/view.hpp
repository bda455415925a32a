/*
 * Where a task runs, by all rules of Amazon ECS. Included by warmstow.hpp.
 */
#ifndef WARMSTOW_VIEW_HPP
#define WARMSTOW_VIEW_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "values.hpp"

namespace warmstow {

/** A node of a view. */
class view_node : public detail::handle<warmstow_view_node> {
public:
    using handle::handle;
};

/** A request that a view has prepared. */
class placement_request : public detail::handle<warmstow_placement_request> {
public:
    using handle::handle;
};

/** What one task holds on one node of a view. */
class hold : public detail::handle<warmstow_hold> {
public:
    using handle::handle;
};

/**
 * A cluster's nodes and the tasks on them. Move-only; closed where it ends.
 * Members may be called from several threads, wait for each other, and may
 * throw error. That no node may take a task is no error: it is an empty answer,
 * and why() says why.
 */
class view : public detail::owner<warmstow_view, warmstow_view_close> {
public:
    /** Where a task went, and what it holds there. */
    struct assigned {
        view_node node;
        warmstow::hold hold;
    };

    /** The tasks that have to make way, the least important first, and where. */
    struct preemption {
        view_node node;
        std::vector<hold> victims;
    };

    /** The seed is what the strategy "random" draws from. */
    explicit view(std::uint64_t seed = 0) { detail::check(warmstow_view_open(seed, &raw_)); }

    /** Registers a node, given as JSON; see warmstow_view_add_node(). */
    view_node add_node(std::string_view info) {
        warmstow_view_node node{};
        detail::check(warmstow_view_add_node(raw_, detail::bytes(info), info.size(), &node));
        return view_node(node);
    }

    /** Registers a node anew: its tasks keep what they hold. */
    void update_node(view_node node, std::string_view info) {
        detail::check(
            warmstow_view_update_node(raw_, node.raw(), detail::bytes(info), info.size()));
    }

    /** Takes a node away with its tasks. */
    void remove_node(view_node node) {
        detail::check(warmstow_view_remove_node(raw_, node.raw()));
    }

    /** The node at this moment. */
    warmstow_view_node_state state(view_node node) const {
        warmstow_view_node_state state;
        detail::check(warmstow_view_node_read(raw_, node.raw(), &state, sizeof state));
        return state;
    }

    /** Prepares a request, given as JSON; see warmstow_view_prepare(). */
    placement_request prepare(std::string_view request) {
        warmstow_placement_request prepared{};
        detail::check(
            warmstow_view_prepare(raw_, detail::bytes(request), request.size(), &prepared));
        return placement_request(prepared);
    }

    /** Forgets a request. Its tasks keep their room. */
    void forget(placement_request request) {
        detail::check(warmstow_view_forget(raw_, request.raw()));
    }

    /** Chooses the node for one task and takes nothing. */
    std::optional<view_node> place(placement_request request) {
        warmstow_view_node node{};
        if (!placed(warmstow_view_place(raw_, request.raw(), &node))) {
            return std::nullopt;
        }
        return view_node(node);
    }

    /** Takes the room on a named node; none where it is short of something. */
    std::optional<hold> commit(placement_request request, view_node node) {
        warmstow_hold held{};
        const auto status = warmstow_view_commit(raw_, request.raw(), node.raw(), &held);
        if (status == WARMSTOW_ERROR_VIEW_NO_ROOM) {
            return std::nullopt;
        }
        detail::check(status);
        return hold(held);
    }

    /** Chooses the node for one task and takes the room. */
    std::optional<assigned> assign(placement_request request) {
        auto all = assign_all(span<const placement_request>(&request, 1));
        return all.empty() ? std::nullopt : std::optional<assigned>(all.front());
    }

    /** A gang: places one task of each request, or none. Empty if refused. */
    std::vector<assigned> assign_all(span<const placement_request> requests) {
        std::vector<warmstow_placement_request> raw;
        for (const auto &request : requests) {
            raw.push_back(request.raw());
        }
        std::vector<warmstow_assigned> went(raw.size());
        std::vector<assigned> all;
        if (placed(warmstow_view_assign(raw_, raw.data(), raw.size(), went.data()))) {
            for (const auto &one : went) {
                all.push_back({view_node(one.node), warmstow::hold(one.hold)});
            }
        }
        return all;
    }

    /** Gives the room of a task back, once it has stopped. */
    void release(hold held) { detail::check(warmstow_view_release(raw_, held.raw())); }

    /** Reports whether a task runs. */
    void set_running(hold held, bool running) {
        detail::check(warmstow_view_set_running(raw_, held.raw(), running ? 1 : 0));
    }

    /** The tasks that have to make way; none where none would make room. */
    std::optional<preemption> preempt(placement_request request) {
        warmstow_view_node node{};
        std::size_t count = 0;
        if (!placed(warmstow_view_preempt(raw_, request.raw(), &node, nullptr, 0, &count))) {
            return std::nullopt;
        }
        std::vector<warmstow_hold> raw(count);
        if (!placed(warmstow_view_preempt(raw_, request.raw(), &node,
                                          raw.empty() ? nullptr : raw.data(), raw.size(),
                                          &count))) {
            return std::nullopt;
        }
        preemption found{view_node(node), {}};
        raw.resize(std::min(raw.size(), count));
        for (const auto &victim : raw) {
            found.victims.push_back(hold(victim));
        }
        return found;
    }

    /** Why a named node cannot take a task, one reason a line; empty: it can. */
    std::string reasons(placement_request request, view_node node) const {
        return detail::whole_text([&](char *text, std::size_t room, std::size_t *needed) {
            return warmstow_view_reasons(raw_, request.raw(), node.raw(), text, room, needed);
        });
    }

    /** Why the last choice or refusal, as JSON; see warmstow_view_why(). */
    std::string why() const {
        return detail::whole_text([this](char *text, std::size_t room, std::size_t *needed) {
            return warmstow_view_why(raw_, text, room, needed);
        });
    }

private:
    static bool placed(std::int32_t status) {
        if (status == WARMSTOW_ERROR_UNPLACED) {
            return false;
        }
        detail::check(status);
        return true;
    }
};

} // namespace warmstow

#endif // WARMSTOW_VIEW_HPP
