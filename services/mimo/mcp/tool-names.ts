/** The names under which MCP clients know what Mimo does. Apart, since metrics have them too. */

export const MCP_TOOLS = ['ask_mimo', 'search_vibes', 'store_fact', 'mimo_store_memory'] as const;
export type McpTool = (typeof MCP_TOOLS)[number];
