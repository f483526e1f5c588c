// SPDX-License-Identifier: GPL-2.0-only
// What the page says, in each language, and which one is spoken. Data (names, reasons, alarms' sentences) stay as they came.

const WORDS = {
  "zh-CN": {
    skip: "跳到当前联络", language: "语言", callsNow: "当前联络", callsBefore: "历史联络", alarms: "告警", branches: "分支与线路",
    caller: "主叫", called: "被叫", stage: "状态", agent: "坐席", channel: "线路", lasts: "时长", details: "详情", time: "时间",
    digits: "按键", queued: "等待", talked: "通话", end: "原因 · 谁先挂机", recording: "录音", earlier: "更早的联络",
    noCallsNow: "目前没有联络。", noCallsBefore: "还没有记录。", noAlarms: "没有告警。", noBranches: "还没有分支接入。", noSpans: "尚未收到线路状态。", peripheral_ivr: "外部 IVR", peripheral_pbx: "外部 PBX", peripheral_media: "媒体服务器",
    offered: "路由判定中", treated: "语音导航", waiting: "排队中", ringing: "坐席振铃", passing: "汇接中", dialling: "回呼客户中", talking: "通话中", talking_work: "处理中", ringing_work: "待坐席接受", releasing: "释放中", held: "保持中（转接）", unknown: "未知",
    caller_by: "主叫", agent_by: "坐席", called_by: "被叫", us_by: "系统", peer_by: "对端", fault_by: "故障",
    connected: "已连接", silent: "无心跳", never: "从未连接", since: "自 {time}", dUp: "D 通道正常", dDown: "D 通道中断", noAlarm: "无告警", stale: "状态已过期",
    slots: "时隙：占用 {busy}，空闲 {idle}，闭塞 {blocked}", slot: "时隙 {n}：{state}", frame: "帧同步", signal: "信令（D 通道）", idle: "空闲", busy: "占用", blocked: "闭塞",
    legend: "F 帧同步 · D 信令 · ○ 空闲 · ● 占用 · × 闭塞", live: "实时", partly: "部分过时", lost: "连接中断",
    bannerPage: "页面自 {time} 起与服务器失去连接，正在重试。所显示的是当时的内容。", bannerHeadquarters: "总部的路由服务自 {time} 起没有应答，队列与坐席是当时的内容。各分支由自己的路由继续接听。",
    bannerRecord: "自 {time} 起无法读取记录，联络是当时的内容。", play: "播放", hide: "收起", soundOf: "录音：左声道主叫，右声道坐席", noSound: "没有录音", soundLost: "其中 {n} 个采样缺失", soundFailed: "录音失败：{why}", soundComing: "录音尚未送达总部",
    decisions: "路由判定", legs: "通话段", by_headquarters: "总部", by_branch: "分支默认", took: "{ms} 毫秒", path: "路径", script: "脚本 {script}（{version}）", compared: "比较", waits_in: "排队于",
    reason: "理由", candidates: "候选坐席", followed: "随后", decidedBy: "判定者",
    availableFor: "就绪 {s} 秒", "state_refused this contact": "未接此来话", "state_branch not heard": "分支无心跳", "state_at another branch": "在不可达的分支", "state_available since the start": "启动以来就绪", "state_no room for more": "已满", "state_no translation number free": "没有空闲的翻译号码", noneBeside: "有{beside}时不派{channel}",
    then_rang: "振铃 {channel}", then_answered: "应答", then_released: "{by}释放：{cause}", then_asked: "再次询问：{outcome}", then_ended: "{by}结束通话：{cause}",
    do_treat: "语音处理", do_wait: "等待坐席", "do_ring-agent": "振铃坐席 {agent}，分机 {extension}", "do_ring-extension": "振铃分机 {extension}", do_release: "释放，原因 {cause}", do_tandem: "汇接至中继 {trunk}", do_dial: "外呼 {number}", noDecisions: "没有路由判定。", do_label: "转往 {label}", "do_label-agent": "经号码 {label} 转往坐席 {agent}", "do_offer-agent": "派给坐席 {agent}", chosen: "选中",
    out_offered: "来话", out_digits: "收到按键", "out_no-digits": "无按键", out_played: "播放完毕", out_failed: "语音处理失败", out_waiting: "排队等待", "out_no-answer": "无人应答", out_busy: "被叫忙", out_unreachable: "无法接通", out_congestion: "中继拥塞", "out_agent-gone": "坐席断开", out_callback: "回呼有坐席空闲", "out_agent-answered": "坐席应答", out_transferred: "坐席直接转接", out_consulting: "坐席咨询，主叫保持", "out_not-transferred": "转接号码不可达",
    incoming: "呼入", outgoing: "呼出", direction: "方向", began: "开始", answered: "应答", ended: "结束", cause: "原因", failed: "读取失败，请重试。", loading: "正在读取…",
    contactNow: "来话内容", callType: "呼叫类型", handedOnBy: "转接人", noteOf: "{agent} 的备注", noContact: "当前没有来话。",
    voicemail: "语音留言", mailbox: "信箱", heard: "已听", unheard: "未听", onItsWay: "传送中", newMessages: "{n} 条未听", out_recorded: "已留言", out_silent: "未留言",
    transfers: "转接", transfer_blind: "{by} 直接转接至 {to}", transfer_consult: "{by} 咨询 {to}", transfer_completed: "已转接", transfer_reconnected: "已接回主叫", transfer_abandoned: "中途结束", transfer_open: "进行中",
    queues: "队列", queue: "队列", waitingNow: "排队", longest: "最长等待", expected: "预计等待", staffed: "签入", free: "空闲", atWork: "忙", nobody: "无人", slotsOf: "槽位", otherChannels: "其他渠道", inQueues: "{n} 人排队", callbacks: "含回呼 {n}", alone: "{n} 个队列有人排队而无人签入", noQueues: "没有配置队列。",
    agents: "坐席", state: "状态", for: "时长", extension: "分机", branch: "分支", inStates: "签入 {n} / {all}", noAgents: "没有配置坐席。", showAll: "显示全部 {n} 名",
    state_available: "就绪", state_reserved: "已预占", state_busy: "忙", "state_wrap-up": "话后处理", state_interrupted: "被打断", "state_not-ready": "未就绪", "state_logged-out": "未签入",
    kind_all: "全部", kind_calls: "通话", kind_other: "其他渠道", kind_waits: "排队中", kind_waiting: "有人排队", kind_unstaffed: "无人签入", find: "查找",
    today: "今日统计", from: "起始", name: "名称", offeredIn: "呼入", abandoned: "放弃", transferred: "转接", serviceLevel: "服务水平", asa: "平均应答", aht: "平均处理", noFigures: "今天还没有统计。", countedAnew: "新版本的统计规则不同，正在重新统计：已完成 {n}%",
    by_kind: "统计", kind_queue: "队列", "kind_call-type": "呼叫类型", kind_agent: "坐席", kind_trunk: "中继", kind_service: "服务", kind_team: "班组", kind_site: "站点", by_width: "间隔", width_day: "全天", width_30m: "30 分钟", width_15m: "15 分钟", width_5m: "5 分钟",
    by_form: "服务水平算法", form_ignored: "忽略放弃", form_negative: "放弃算未达", form_positive: "放弃算达到", form_handled: "只看接听", ahtIs: "平均处理：通话、保持与话后之和。",
    formula_ignored: "服务水平：及时接听 ÷（全部 − 及时放弃）。", formula_negative: "服务水平：及时接听 ÷ 全部。", formula_positive: "服务水平：（及时接听 + 及时放弃）÷ 全部。", formula_handled: "服务水平：及时接听 ÷ 接听。",
    received: "收到", lost_packets: "丢失",
    is_sound: "线路正常", is_telco: "运营商", is_cable: "电缆", is_clock: "时钟", is_host: "主机", is_configuration: "配置", history: "24 小时误码记录（G.826）",
    quarters: "最近 96 个 15 分钟：有误码 {errored}，严重误码 {severe}，不可用 {unavailable}，未观测 {unseen}", errored: "有误码", severe: "严重误码", unavailable: "不可用",
    slipped: "滑码 {n}", missing: "缺 {n} 秒", allClean: "没有误码。",
    branchFile: "分支配置", skipForm: "跳到表单", formTitle: "分支的配置项", faultsTitle: "错误", fileTitle: "生成的文件", openTitle: "打开已有文件", openText: "读入", openHint: "把分支文件或模板粘贴到这里", beginEmpty: "从空白开始",
    copy: "复制", copied: "已复制", saveFile: "保存为文件", fileNote: "存到总部文件旁作为模板，再用 push diff 查看、push start 下发；或放到分支上。本页不写任何文件。", isSet: "已设置", addRow: "添加", removeRow: "删除", byVariable: "变量 ${…}", whichKind: "类型", required: "必填", defaultIs: "缺省 {value}",
    noFaults: "没有错误。", noFaultsBut: "没有错误。{n} 处为变量，由 push diff 按每台设备检查。", faultAtLine: "第 {line} 行：{sentence}", noKeys: "这不是一份配置：没有配置项。",
  },
  en: {
    skip: "Skip to contacts now", language: "Language", callsNow: "Contacts now", callsBefore: "Contacts before", alarms: "Alarms", branches: "Branches and lines",
    caller: "Caller", called: "Called", stage: "Where it stands", agent: "Agent", channel: "Line", lasts: "Lasts", details: "Details", time: "Time",
    digits: "Digits", queued: "Waited", talked: "Talked", end: "Cause · who let go", recording: "Recording", earlier: "Earlier contacts",
    noCallsNow: "Nobody at the moment.", noCallsBefore: "None yet.", noAlarms: "No alarms.", noBranches: "No branch has connected yet.", noSpans: "Nothing heard of its lines yet.", peripheral_ivr: "foreign IVR", peripheral_pbx: "foreign PBX", peripheral_media: "media server",
    offered: "being routed", treated: "in the IVR", waiting: "waiting for an agent", ringing: "ringing the agent", passing: "going through to another trunk", dialling: "calling the customer back", talking: "talking", talking_work: "at work", ringing_work: "offered to the agent", releasing: "being released", held: "on hold, being transferred", unknown: "unknown",
    caller_by: "caller", agent_by: "agent", called_by: "called party", us_by: "system", peer_by: "other side", fault_by: "fault",
    connected: "connected", silent: "not heard", never: "never heard", since: "since {time}", dUp: "D-channel up", dDown: "D-channel down", noAlarm: "no alarm", stale: "out of date",
    slots: "Timeslots: {busy} busy, {idle} idle, {blocked} blocked", slot: "Timeslot {n}: {state}", frame: "framing", signal: "signalling (D-channel)", idle: "idle", busy: "busy", blocked: "blocked",
    legend: "F framing · D signalling · ○ idle · ● busy · × blocked", live: "live", partly: "partly out of date", lost: "connection lost",
    bannerPage: "This page has had no word of its server since {time} and is trying again. What you see is of then.", bannerHeadquarters: "Headquarters’ router has not answered since {time}; queues and agents are of then. Branches go on by their own routers.",
    bannerRecord: "The record cannot be read since {time}; contacts are of then.", play: "Play", hide: "Hide", soundOf: "Recording: caller left, agent right", noSound: "No recording", soundLost: "{n} samples of it are missing", soundFailed: "Recording failed: {why}", soundComing: "The recording has not reached headquarters yet",
    decisions: "Route decisions", legs: "Legs", by_headquarters: "headquarters", by_branch: "branch’s default", took: "{ms} ms", path: "Path", script: "script {script} ({version})", compared: "Compared", waits_in: "Waits in",
    reason: "Reason", candidates: "Agents looked at", followed: "Then", decidedBy: "Decided by",
    availableFor: "available for {s} s", "state_refused this contact": "did not take this call", "state_branch not heard": "branch not heard", "state_at another branch": "at a branch that is not reached", "state_available since the start": "available since the start", "state_no room for more": "no room for more", "state_no translation number free": "no translation number free", noneBeside: "no {channel} beside {beside}",
    then_rang: "{channel} is rung", then_answered: "answered", then_released: "released by {by}: {cause}", then_asked: "asked again: {outcome}", then_ended: "call ended by {by}: {cause}",
    do_treat: "treat in the IVR", do_wait: "wait for an agent", "do_ring-agent": "ring {agent}, extension {extension}", "do_ring-extension": "ring extension {extension}", do_release: "release with cause {cause}", do_tandem: "tandem to trunk {trunk}", do_dial: "dial {number}", noDecisions: "No route decision.", do_label: "send to {label}", "do_label-agent": "send to {label}, where {agent} is reserved", "do_offer-agent": "offer to {agent}", chosen: "chosen",
    out_offered: "call offered", out_digits: "digits entered", "out_no-digits": "no digits", out_played: "prompts played", out_failed: "treatment failed", out_waiting: "waited in the queue", "out_no-answer": "nobody answered", out_busy: "busy", out_unreachable: "nobody could be reached", out_congestion: "no trunk had room", "out_agent-gone": "agent gone", out_callback: "an agent is free for a callback", "out_agent-answered": "agent answered", out_transferred: "an agent transfers the caller", out_consulting: "an agent consults, caller held", "out_not-transferred": "no way to that number",
    incoming: "incoming", outgoing: "outgoing", direction: "Direction", began: "Began", answered: "Answered", ended: "Ended", cause: "Cause", failed: "Could not be read; try again.", loading: "Reading…",
    contactNow: "contact", callType: "Call type", handedOnBy: "Handed on by", noteOf: "Note of {agent}", noContact: "No contact now.",
    voicemail: "Messages", mailbox: "Mailbox", heard: "heard", unheard: "new", onItsWay: "on its way", newMessages: "{n} new", out_recorded: "message left", out_silent: "no message left",
    transfers: "Transfers", transfer_blind: "{by} transfers to {to}", transfer_consult: "{by} consults {to}", transfer_completed: "handed on", transfer_reconnected: "took the caller back", transfer_abandoned: "ended in between", transfer_open: "under way",
    queues: "Queues", queue: "Queue", waitingNow: "Waiting", longest: "Longest wait", expected: "Expected wait", staffed: "Logged in", free: "Free", atWork: "Busy", nobody: "nobody", slotsOf: "slots", otherChannels: "Other channels", inQueues: "{n} waiting", callbacks: "{n} to call back", alone: "{n} with somebody waiting and nobody logged in", noQueues: "No queues are configured.",
    agents: "Agents", state: "State", for: "For", extension: "Extension", branch: "Branch", inStates: "{n} of {all} logged in", noAgents: "No agents are configured.", showAll: "Show all {n}",
    state_available: "available", state_reserved: "reserved", state_busy: "busy", "state_wrap-up": "wrap-up", state_interrupted: "interrupted", "state_not-ready": "not ready", "state_logged-out": "logged out",
    kind_all: "all", kind_calls: "calls", kind_other: "other channels", kind_waits: "waiting", kind_waiting: "callers waiting", kind_unstaffed: "nobody logged in", find: "Find",
    today: "Figures of today", from: "From", name: "Name", offeredIn: "Offered", abandoned: "Abandoned", transferred: "Transferred", serviceLevel: "Service level", asa: "ASA", aht: "AHT", noFigures: "No figures of today yet.", countedAnew: "being counted anew by this version's rules: {n} % done",
    by_kind: "Of", kind_queue: "queues", "kind_call-type": "call types", kind_agent: "agents", kind_trunk: "trunks", kind_service: "services", kind_team: "teams", kind_site: "sites", by_width: "by", width_day: "the day", width_30m: "30 minutes", width_15m: "15 minutes", width_5m: "5 minutes",
    by_form: "Service level with the abandoned", form_ignored: "ignored", form_negative: "as late", form_positive: "as in time", form_handled: "answered only", ahtIs: "AHT: talk, hold and wrap-up. ASA: answer wait.",
    formula_ignored: "Service level: answered in time, of all but who abandoned in time.", formula_negative: "Service level: answered in time, of all.", formula_positive: "Service level: answered or abandoned in time, of all.", formula_handled: "Service level: answered in time, of the answered.",
    received: "received", lost_packets: "lost",
    is_sound: "line sound", is_telco: "telco", is_cable: "cable", is_clock: "clock", is_host: "host", is_configuration: "configuration", history: "24 hours of errored seconds (G.826)",
    quarters: "Last 96 quarter hours: {errored} errored, {severe} severely, {unavailable} unavailable, {unseen} not observed", errored: "errored", severe: "severely errored", unavailable: "unavailable",
    slipped: "slips {n}", missing: "{n} s missing", allClean: "No errors.",
    branchFile: "Branch configuration", skipForm: "Skip to the form", formTitle: "Keys of a branch", faultsTitle: "Mistakes", fileTitle: "The file it makes", openTitle: "Open a file", openText: "Read it", openHint: "Paste a branch’s file or a template here", beginEmpty: "Begin empty",
    copy: "Copy", copied: "copied", saveFile: "Save as a file", fileNote: "Keep it beside headquarters’ file as a template, look with push diff, give it out with push start; or put it on a branch. This page writes no file.", isSet: "set", addRow: "Add", removeRow: "Remove", byVariable: "variable ${…}", whichKind: "which kind it is", required: "must be given", defaultIs: "default {value}",
    noFaults: "No mistakes.", noFaultsBut: "No mistakes. {n} values are variables, which push diff checks for each box.", faultAtLine: "Line {line}: {sentence}", noKeys: "This is no configuration: it has no keys.",
  },
};

const KEPT = "branchline.language";
let spoken = kept() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en");

function kept() {
  const language = localStorage.getItem(KEPT);
  return language in WORDS ? language : null;
}

export function language() {
  return spoken;
}

export function speak(choice) {
  spoken = choice;
  localStorage.setItem(KEPT, choice);
}

export function knows(name) {
  return name in WORDS[spoken];
}

/** The word in the language spoken, `{name}` filled from `values`; a word that nobody knows is shown as it came. */
export function word(name, values = {}) {
  const text = WORDS[spoken][name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}
