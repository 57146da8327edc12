//! The wire contracts: generated messages, clients, servers and the descriptor set.
